package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// caller keeps connections open and asks over all of them at once. It reads answers by hand: a whole HTTP client would
// cost more than the server, and the server would wait for it instead of being measured.
type caller struct {
	connections []*connection
}

type connection struct {
	net.Conn
	reader *bufio.Reader
}

func dial(ctx context.Context, address string, count int) (*caller, error) {
	c := &caller{}
	for range count {
		one, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, errors.Join(err, c.close())
		}
		c.connections = append(c.connections, &connection{one, bufio.NewReader(one)})
	}
	return c, nil
}

func (c *caller) close() error {
	var err error
	for _, one := range c.connections {
		err = errors.Join(err, one.Close())
	}
	return err
}

// ask sends requests for a path over every connection for as long, and counts the answers.
func (c *caller) ask(ctx context.Context, path string, long time.Duration) (int, time.Duration, error) {
	request := []byte("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	started := time.Now()
	end := started.Add(long)
	counts, failures := make([]int, len(c.connections)), make([]error, len(c.connections))
	var wait sync.WaitGroup
	for i, one := range c.connections {
		wait.Go(func() {
			for time.Now().Before(end) && ctx.Err() == nil {
				if failures[i] = one.exchange(request); failures[i] != nil {
					return
				}
				counts[i]++
			}
		})
	}
	wait.Wait()
	total := 0
	for _, count := range counts {
		total += count
	}
	return total, time.Since(started), errors.Join(append(failures, ctx.Err())...)
}

// answerPatience: no request of a measurement takes that long.
const answerPatience = 30 * time.Second

// exchange sends a request and reads its answer, which has to be a 200 with a length.
func (c *connection) exchange(request []byte) error {
	if _, err := c.Write(request); err != nil {
		return fmt.Errorf("sending a request: %w", err)
	}
	status, err := c.reader.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	if !strings.HasPrefix(string(status), "HTTP/1.1 200 ") {
		return fmt.Errorf("an answer is %q instead of 200", strings.TrimSpace(string(status)))
	}
	length := -1
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("reading an answer: %w", err)
		}
		if len(line) <= 2 {
			break
		}
		const name = "Content-Length: "
		if len(line) > len(name) && string(line[:len(name)]) == name {
			length = 0
			for _, digit := range line[len(name) : len(line)-2] {
				length = length*10 + int(digit-'0')
			}
		}
	}
	if length < 0 {
		return errors.New("an answer has no Content-Length")
	}
	if _, err := c.reader.Discard(length); err != nil {
		return fmt.Errorf("reading an answer's body: %w", err)
	}
	return nil
}

// exchangeOnce is exchange with a limit of time, for requests that are not counted.
func (c *connection) exchangeOnce(request string) error {
	if err := c.SetDeadline(time.Now().Add(answerPatience)); err != nil {
		return err
	}
	defer func() { _ = c.SetDeadline(time.Time{}) }() // a closed connection fails at its next use
	return c.exchange([]byte(request))
}
