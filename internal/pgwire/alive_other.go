//go:build !unix

package pgwire

import "net"

// ended cannot tell.
func ended(net.Conn) bool { return false }
