// A service for tests: it says which release it is, and ends without losing a request.
package main

import (
	"context"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	var served, ending atomic.Int64
	bad, _ := strconv.Atoi(os.Getenv("BAD_AFTER"))
	release := os.Getenv("READINESS_RELEASE")
	if os.Getenv("CRASH") != "" {
		os.Exit(1)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		if os.Getenv("NEVER_READY") != "" {
			w.WriteHeader(503)
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Release", release)
		w.Header().Set("X-Request-Id", r.Header.Get("X-Request-Id"))
		if ending.Load() > 0 {
			w.Header().Set("Connection", "close")
		}
		if n := served.Add(1); bad > 0 && n > int64(bad) && !strings.HasPrefix(r.URL.Path, "/fine") {
			w.WriteHeader(500)
		}
		w.Write([]byte("hello from " + release + "\n"))
	})
	server := &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stop := make(chan os.Signal, 1)
	done := make(chan struct{})
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		ending.Store(1)
		time.Sleep(2 * time.Second)
		server.Shutdown(context.Background())
		close(done)
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		os.Exit(1)
	}
	<-done
}
