package gql

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// A timeout is a context like that of context.WithTimeout, whatever is asked of it in which order.
func TestTimeout(t *testing.T) {
	type key struct{}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		parent, leave := context.WithCancel(context.WithValue(t.Context(), key{}, i))
		if random.IntN(3) == 0 {
			parent, leave = context.WithDeadline(parent, time.Now().Add(time.Duration(random.IntN(30))*time.Millisecond))
		}
		within := time.Duration(random.IntN(20)) * time.Millisecond
		ours := withTimeout(parent, within)
		theirs, cancel := context.WithDeadline(parent, ours.at)
		child, drop := context.Context(nil), func() {}
		for range random.IntN(8) {
			switch random.IntN(7) {
			case 0:
				time.Sleep(time.Duration(random.IntN(8)) * time.Millisecond)
			case 1:
				_ = ours.Done()
			case 2:
				leave()
			case 3:
				ours.end()
				cancel()
			case 4:
				if child == nil {
					child, drop = context.WithCancel(context.WithValue(ours, key{}, -1))
				}
			case 5:
				if v := ours.Value(key{}); v != i {
					t.Fatalf("value %v", v)
				}
			}
			same(t, ours, theirs)
		}
		switch random.IntN(3) {
		case 0:
			leave()
		case 1:
			ours.end()
			cancel()
		}
		<-ours.Done()
		<-theirs.Done()
		same(t, ours, theirs)
		if child != nil {
			<-child.Done()
			if !errors.Is(child.Err(), ours.Err()) {
				t.Fatalf("a child: %v, not %v", child.Err(), ours.Err())
			}
		}
		ours.end()
		same(t, ours, theirs)
		drop()
		cancel()
		leave()
	}
}

func same(t *testing.T, ours *timeout, theirs context.Context) {
	t.Helper()
	at, _ := ours.Deadline()
	want, _ := theirs.Deadline()
	alike := func() bool {
		a, b := ours.Err(), theirs.Err()
		// One may have been ended just before its time, and the other just after it.
		return errors.Is(a, b) || a != nil && b != nil && !time.Now().Before(want)
	}
	for range 1000 { // either may be the first to see that the time has come
		if alike() {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if !alike() || !at.Equal(want) {
		t.Fatalf("%v %v, want %v %v", ours.Err(), at, theirs.Err(), want)
	}
}

// Nothing watches it in a goroutine.
func TestTimeoutHasNoGoroutine(t *testing.T) {
	ours := withTimeout(t.Context(), time.Hour)
	defer ours.end()
	before := runtime.NumGoroutine()
	for range 100 {
		_, cancel := context.WithCancel(context.WithValue(ours, ours, ours))
		defer cancel()
	}
	if after := runtime.NumGoroutine(); after > before+10 {
		t.Errorf("%d goroutines more", after-before)
	}
}
