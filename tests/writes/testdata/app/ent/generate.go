// Package ent is the ORM of the schema that tests the generator.
package ent

//go:generate go run -mod=mod entc.go
