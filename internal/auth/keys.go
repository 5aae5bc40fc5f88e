package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// algorithms are all that are ever taken. Each key takes only those of its kind, so that a public key is never a secret.
var algorithms = []jose.SignatureAlgorithm{
	jose.HS256, jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// key is a key that verifies signatures.
type key struct {
	id         string // empty: of any name
	key        any
	algorithms []string
}

func (k key) fits(id, algorithm string) bool {
	return (id == "" || k.id == "" || id == k.id) && slices.Contains(k.algorithms, algorithm)
}

func secretKeys(secrets []string) ([]key, error) {
	var out []key
	for _, s := range secrets {
		if len(s) < 32 {
			return nil, errors.New("a secret for tokens must have at least 32 characters; make one with: openssl rand -base64 32")
		}
		out = append(out, key{key: []byte(s), algorithms: []string{"HS256"}})
	}
	return out, nil
}

// publicKey is a key with the algorithms of its kind, or with the one that its owner names.
func publicKey(id string, k any, algorithm string) (key, error) {
	var fitting []string
	switch k := k.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return key{}, errors.New("RSA keys must have at least 2048 bits")
		}
		fitting = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PublicKey:
		fitting = []string{map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[k.Curve.Params().BitSize]}
	case ed25519.PublicKey:
		fitting = []string{"EdDSA"}
	default:
		return key{}, fmt.Errorf("a %T is not a public key for signatures", k)
	}
	if algorithm != "" {
		if !slices.Contains(fitting, algorithm) {
			return key{}, fmt.Errorf("a %T does not sign with %s", k, algorithm)
		}
		fitting = []string{algorithm}
	}
	return key{id, k, fitting}, nil
}

// keySet is keys that can change. The zero value with keys never does.
type keySet struct {
	// load reads the keys; changed says beforehand, without much effort, whether it is worth it.
	load    func(context.Context) ([]key, error)
	changed func() bool

	mu      sync.Mutex
	keys    []key
	changes int64     // how often the keys were read
	err     error     // of the last attempt
	loaded  time.Time // the last attempt, good or bad
	loading chan struct{}
}

const (
	// fresh is how long keys are used without looking again, which is how long a key lives that its owner took back.
	fresh = 5 * time.Minute
	// patience is how long a token of an unknown key has to wait for another look: anybody can make such tokens.
	patience = 10 * time.Second
	// fetching is how long reading keys from the network may take, and maxKeySet how much is read.
	fetching  = 5 * time.Second
	maxKeySet = 1 << 20
)

// get returns the keys and their generation, which changes whenever they might have. It reads them again if they are old, or do not have the one that is asked for; as long as old ones
// have it, nobody waits for that.
func (s *keySet) get(ctx context.Context, id string) (keys []key, generation int64, err error) {
	if s.load == nil {
		return s.keys, 0, nil
	}
	s.mu.Lock()
	age := time.Since(s.loaded)
	changed := s.changed != nil && s.changed()
	known := !changed && slices.ContainsFunc(s.keys, func(k key) bool { return id == "" || k.id == "" || k.id == id })
	keys, generation, err = s.keys, s.changes, s.err
	loading := s.loading
	if loading == nil && (age > fresh || changed || !known && age > patience) {
		loading = make(chan struct{})
		s.loading = loading
		// The keys are everybody's: that this client goes away is no reason to do without them.
		go s.read(context.Background(), loading) //nolint:contextcheck // see above
	}
	s.mu.Unlock()
	if !known && loading != nil {
		select {
		case <-loading:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		keys, generation, err = s.keys, s.changes, s.err
	}
	if len(keys) == 0 {
		return nil, 0, err
	}
	return keys, generation, nil
}

func (s *keySet) read(ctx context.Context, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, fetching)
	defer cancel()
	keys, err := s.load(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	// Keys that cannot be had are no reason to do without those that are there.
	if s.err = err; err == nil {
		s.keys = keys
		s.changes++
	}
	s.loaded, s.loading = time.Now(), nil
	close(done)
}

// fileKeys are the keys of a PEM file.
func fileKeys(path string) *keySet {
	var seen atomic.Int64 // when the file that was read last had been written
	modified := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			return seen.Load() // the next one will be there soon
		}
		return info.ModTime().UnixNano()
	}
	return &keySet{
		changed: func() bool { return modified() != seen.Load() },
		load: func(context.Context) ([]key, error) {
			at := modified()
			b, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("read the public keys: %w", err)
			}
			keys, err := parsePEM(b)
			if err != nil {
				return nil, fmt.Errorf("public keys in %s: %w", path, err)
			}
			seen.Store(at)
			return keys, nil
		},
	}
}

func parsePEM(b []byte) ([]key, error) {
	var out []key
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			break
		}
		var public any
		var err error
		switch block.Type {
		case "PUBLIC KEY":
			public, err = x509.ParsePKIXPublicKey(block.Bytes)
		case "RSA PUBLIC KEY":
			public, err = x509.ParsePKCS1PublicKey(block.Bytes)
		case "CERTIFICATE":
			var cert *x509.Certificate
			if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
				public = cert.PublicKey
			}
		default:
			err = fmt.Errorf("holds a %s, which does not belong here", block.Type)
		}
		if err != nil {
			return nil, err
		}
		k, err := publicKey("", public, "")
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	if len(out) == 0 {
		return nil, errors.New("there is no public key in PEM form")
	}
	return out, nil
}

func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return fmt.Errorf("%q is not the URL of a key set", s)
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return fmt.Errorf("a key set comes by https, not from %q", s)
	}
	return nil
}

// remoteKeys are the keys of a JSON Web Key Set.
func remoteKeys(address string) *keySet {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &keySet{load: func(ctx context.Context) ([]key, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, fmt.Errorf("fetch the key set: %w", err)
		}
		res, err := client.Do(req)
		if err != nil {
			return nil, fmt.Errorf("fetch the key set: %w", err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("fetch the key set: %s answers %s", address, res.Status)
		}
		var set struct {
			Keys []json.RawMessage `json:"keys"`
		}
		if err := json.NewDecoder(io.LimitReader(res.Body, maxKeySet)).Decode(&set); err != nil {
			return nil, fmt.Errorf("read the key set: %w", err)
		}
		var out []key
		for _, raw := range set.Keys {
			// What is for encryption, or of a kind that is not known here, is no reason to do without the others.
			var k jose.JSONWebKey
			if k.UnmarshalJSON(raw) != nil || k.Use != "" && k.Use != "sig" || !k.IsPublic() {
				continue
			}
			if public, err := publicKey(k.KeyID, k.Key, k.Algorithm); err == nil {
				out = append(out, public)
			}
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("the key set of %s has no public key for signatures", address)
		}
		return out, nil
	}}
}
