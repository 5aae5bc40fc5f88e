// Package ent is the application's ORM. All of it is generated from the entities in ent/schema, by the directive below.
package ent

//go:generate go run -mod=mod entc.go
