package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// machine is what all processors of the machine spent their time with, and what its disks were read, since it started.
type machine struct {
	all, idle time.Duration
	waiting   time.Duration // for a disk, with nothing else to do
	stolen    time.Duration // by other machines of the host, if the host tells
	readMiB   float64
}

// machineWork reads /proc/stat and /proc/vmstat.
func machineWork() (m machine) {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, f := range strings.Fields(line) {
		n, err := strconv.Atoi(f)
		if err != nil || i > 8 { // the name; guests, whose time is in the first number already
			continue
		}
		d := time.Duration(n) * clockTick
		m.all += d
		switch i {
		case 4:
			m.idle = d
		case 5:
			m.waiting = d
		case 8:
			m.stolen = d
		}
	}
	text, _ = os.ReadFile("/proc/vmstat")
	for line := range strings.Lines(string(text)) {
		var kib int
		if n, _ := fmt.Sscanf(line, "pgpgin %d", &kib); n == 1 {
			m.readMiB = float64(kib) / 1024
		}
	}
	return m
}

func (m machine) since(before machine) machine {
	return machine{m.all - before.all, m.idle - before.idle, m.waiting - before.waiting, m.stolen - before.stolen, m.readMiB - before.readMiB}
}

// percent says how much of the time was idle, waiting and stolen.
func (m machine) percent() (idle, waiting, stolen float64) {
	all := float64(max(1, m.all)) / 100
	return float64(m.idle) / all, float64(m.waiting) / all, float64(m.stolen) / all
}

// yardstick is the processor time that a piece of work takes which is always the same, the least of some attempts. What is slower together
// with it is so because the machine is: others share its cores and caches, of which it says nothing.
func yardstick() time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	least := time.Hour
	for range 5 {
		random := rand.New(rand.NewPCG(1, 1))
		numbers := make([]uint64, 100_000)
		for i := range numbers {
			numbers[i] = random.Uint64()
		}
		before := threadTime()
		slices.Sort(numbers)
		least = min(least, threadTime()-before)
	}
	return least
}

// threadTime is the processor time of the thread so far.
func threadTime() time.Duration {
	var used syscall.Rusage
	const thread = 1 // RUSAGE_THREAD
	_ = syscall.Getrusage(thread, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// syncTime is how long the disk takes to have a page that is written into the folder: the median of some attempts.
func syncTime(folder string) (time.Duration, error) {
	f, err := os.CreateTemp(folder, "sync-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // of a file of one page
	defer f.Close()
	var took []time.Duration
	for range 9 {
		start := time.Now()
		if _, err := f.WriteAt(make([]byte, 4096), 0); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(start))
	}
	median, _, _ := quantiles(took)
	return median, nil
}

// lockInMemory reads a file into memory, and has the system keep it there.
func lockInMemory(path string) (unlock func(), err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	pages, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	if err := syscall.Mlock(pages); err != nil {
		_ = syscall.Munmap(pages)
		return nil, fmt.Errorf("keep %s in memory, for which `ulimit -l` has to allow it: %w", path, err)
	}
	return func() { _ = syscall.Munmap(pages) }, nil
}
