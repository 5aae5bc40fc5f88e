//go:build unix

package pgwire

import (
	"errors"
	"net"
	"syscall"
)

// ended says whether the server has closed the connection, or said that it will, without waiting for anything.
func ended(c net.Conn) bool {
	sock, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sock.SyscallConn()
	if err != nil {
		return true
	}
	var first [1]byte
	var n int
	var failure error
	err = raw.Read(func(fd uintptr) bool {
		n, _, failure = syscall.Recvfrom(int(fd), first[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	})
	switch {
	case err != nil:
		return true
	case failure != nil:
		return !errors.Is(failure, syscall.EAGAIN) && !errors.Is(failure, syscall.EINTR)
	}
	return n == 0 || first[0] == 'E'
}
