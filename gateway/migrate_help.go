package gateway

import (
	"errors"
	"fmt"

	"github.com/entwine-data/entwine/internal/migrate"
)

// explain adds to an error of migrations what to do about it.
func (c *command) explain(err error) error {
	if err == nil {
		return nil
	}
	run := invocation() + " migrate "
	hint := ""
	var (
		tampered  *migrate.TamperedError
		history   *migrate.HistoryError
		noHistory *migrate.NoHistoryError
		loss      *migrate.LossError
		busy      *migrate.BusyError
		file      *migrate.FileError
		undecided *migrate.UndecidedError
		drift     *migrate.DriftError
		scratch   *migrate.ScratchError
		snapshot  *migrate.SnapshotError
		dump      *migrate.DumpError
		held      *migrate.HeldError
		fork      *migrate.ForkError
		merge     *migrate.MergeError
		applied   *migrate.AppliedError
	)
	switch {
	case errors.As(err, &tampered):
		hint = "If it was applied anywhere, restore it (git checkout " + tampered.Folder + ").\nIf nobody has applied it yet and the change is meant: " + run + "hash"
	case errors.As(err, &history):
		hint = map[migrate.State]string{
			migrate.Pending: "Apply them with: " + run + "up\nOr start with: " + invocation() + " serve --migrate",
			migrate.Partial: "Go on with: " + run + "up",
			migrate.Undoing: "Go on with: " + run + "down",
			migrate.Unknown: "Use the build that knows them, or undo them with that build: " + run + "down",
			migrate.Changed: "Restore the files as they were, and write another migration for the change: " + run + "new NAME",
			migrate.Late:    "They come from another branch. Put them on top: " + run + "rebase",
		}[history.State]
	case errors.As(err, &noHistory):
		hint = "If they are as some migration makes them, say which: " + run + "up --baseline VERSION\nIf they may go, use an empty database."
	case errors.As(err, &loss):
		hint = "It was not undone. If the data may be lost: " + run + "down --allow-data-loss"
	case errors.As(err, &busy):
		hint = "Wait longer with: --wait 10m"
	case errors.As(err, &file):
		hint = "When the cause is removed, go on with: " + run + "up"
		switch {
		case file.Scratch:
			hint = ""
		case file.Uncertain:
			hint = "Look with: " + run + "status"
		case file.Back:
			hint = "When the cause is removed, go on with: " + run + "down"
		}
	case errors.As(err, &fork):
		hint = "Put those of your branch on top of the others: " + run + "rebase"
	case errors.As(err, &merge):
		hint = "Delete the files of your branch in the three folders of migrate, and write the migration again: " + run + "new NAME"
	case errors.As(err, &applied):
		hint = "If it is a development database that may be thrown away, say which: " + run + "rebase --disposable DATABASE_URL\n" +
			"Otherwise undo them there first, with the build of your branch alone: " + run + "down"
	case errors.As(err, &snapshot):
		hint = "Make room beside the database, or do without: " + run + "up --snapshots 0"
	case errors.As(err, &dump):
		hint = "To migrate without a dump, leave --dump out."
	case errors.As(err, &held):
		hint = "Stop the server, or whatever has it open, and try again."
	case errors.As(err, &undecided):
		hint = "Run it again with an answer to each."
	case errors.As(err, &drift) && drift.Live:
		hint = "Make it so by hand. Or, if it is meant to be otherwise, put that into the schema, and: " + run + "new NAME"
	case errors.As(err, &drift):
		hint = "If the schema has changed: " + run + "new NAME"
	case errors.As(err, &scratch):
		hint = "Name a server on which databases may be made: --scratch-url postgres://USER@HOST/postgres"
	}
	if hint == "" {
		return err
	}
	return fmt.Errorf("%w\n%s", err, hint)
}
