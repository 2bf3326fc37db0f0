package sample

import (
	"context"
	"time"

	"comment11/internal/store"
)

func (b Book) plant(context.Context, *store.DB, time.Time) error { return nil }
