// Package gateway is what an application built with Entwine imports: it describes itself as an [App] and calls [Main].
package gateway
