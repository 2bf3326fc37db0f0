//go:build !linux

package ingest

import (
	"io"
	"os"
)

func widen(*os.File) {}

func spliceFile(pipe, file *os.File, length int64) error {
	_, err := io.CopyN(pipe, file, length)
	return err
}
