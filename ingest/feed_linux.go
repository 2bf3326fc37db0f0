package ingest

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// pipeSize is what a pipe holds, in bytes: the most that anybody may ask for.
const pipeSize = 1 << 20

// widen makes a pipe hold more than the usual 64 KiB; where it may not, it is
// only slower.
func widen(pipe *os.File) {
	const setPipeSize = 1031 // F_SETPIPE_SZ
	if raw, err := pipe.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, setPipeSize, pipeSize) })
	}
}

// spliceFile moves so many bytes of a file, from where it stands, into a pipe.
func spliceFile(pipe, file *os.File, length int64) error {
	const nonBlocking = 2 // SPLICE_F_NONBLOCK
	raw, err := pipe.SyscallConn()
	if err != nil {
		return err
	}
	for length > 0 {
		var moved int64
		var failed error
		err := raw.Write(func(fd uintptr) bool {
			moved, failed = syscall.Splice(int(file.Fd()), nil, int(fd), nil, int(min(length, pipeSize)), nonBlocking)
			return !errors.Is(failed, syscall.EAGAIN) && !errors.Is(failed, syscall.EINTR)
		})
		switch {
		case err != nil || failed != nil:
			return errors.Join(err, failed)
		case moved == 0:
			return io.ErrUnexpectedEOF
		}
		length -= moved
	}
	return nil
}
