package twin

import (
	"crypto/md5" // what S3 calls an ETag
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"warden/policy"
)

// object is what a bucket holds under a key. Objects are never changed.
type object struct {
	data   []byte
	at     time.Time
	header map[string]string // what was put and is given back
}

func (o *object) etag() string {
	sum := md5.Sum(o.data) // see above
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// kept are the headers of a PutObject that come back with the object, besides
// the metadata.
var kept = []string{"Content-Type", "Content-Encoding", "Content-Disposition", "Content-Language", "Cache-Control", "Expires",
	"X-Amz-Server-Side-Encryption", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled",
	"X-Amz-Checksum-Crc32", "X-Amz-Checksum-Sha256"}

// authorizePutObject knows the condition keys on encryption and access control
// lists. Service Authorization Reference, Amazon S3, PutObject.
func authorizePutObject(c *call, in *bucketRequest) ([]demand, error) {
	demands, err := onObject("PutObject")(c, in)
	if err != nil {
		return nil, err
	}
	ctx := policy.Context{}
	for _, name := range []string{"X-Amz-Server-Side-Encryption", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "X-Amz-Acl", "X-Amz-Storage-Class"} {
		if v := in.header.Get(name); v != "" {
			ctx["s3:"+strings.ToLower(name)] = policy.One(v)
		}
	}
	demands[0].context = ctx
	if in.header.Get("X-Amz-Acl") != "" {
		d := demands[0]
		d.action = "s3:PutObjectAcl"
		demands = append(demands, d)
	}
	if in.header.Get("X-Amz-Tagging") != "" {
		d := demands[0]
		d.action = "s3:PutObjectTagging"
		demands = append(demands, d)
	}
	return demands, nil
}

// putObject checks the digests that the client sends and, with If-None-Match,
// that there is no such object. Amazon S3 API Reference, PutObject.
func putObject(c *call, in *bucketRequest) (*s3Empty, error) {
	b := c.t.buckets[in.name]
	if in.header.Get("X-Amz-Copy-Source") != "" {
		return nil, refuse(http.StatusNotImplemented, "NotImplemented", "The twin's S3 copies no objects")
	}
	if len(in.key) > 1024 {
		return nil, refuse(http.StatusBadRequest, "KeyTooLongError", "Your key is too long")
	}
	if match := in.header.Get("If-None-Match"); match == "*" && b.objects[in.key] != nil {
		return nil, refuse(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	if acl := in.header.Get("X-Amz-Acl"); acl != "" && acl != "bucket-owner-full-control" && !b.acls {
		return nil, refuse(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
	}
	if err := checkDigests(in); err != nil {
		return nil, err
	}
	o := &object{data: in.body, at: *when(c.now), header: map[string]string{"X-Amz-Server-Side-Encryption": "AES256"}}
	for _, name := range kept {
		if v := in.header.Get(name); v != "" {
			o.header[name] = v
		}
	}
	for name := range in.header {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			o.header[name] = in.header.Get(name)
		}
	}
	if o.header["Content-Type"] == "" {
		o.header["Content-Type"] = "binary/octet-stream"
	}
	b.objects[in.key] = o
	out := &s3Empty{status: http.StatusOK, header: map[string]string{"ETag": o.etag()}}
	for k, v := range o.header {
		if strings.HasPrefix(k, "X-Amz-Server-Side") || strings.HasPrefix(k, "X-Amz-Checksum") {
			out.header[k] = v
		}
	}
	return out, nil
}

// checkDigests compares the body with what the client says of it.
func checkDigests(in *bucketRequest) error {
	sum := md5.Sum(in.body) // Content-MD5
	crc := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(in.body))
	sha := sha256.Sum256(in.body)
	for name, want := range map[string][]byte{"Content-Md5": sum[:], "X-Amz-Checksum-Crc32": crc, "X-Amz-Checksum-Sha256": sha[:]} {
		said := in.header.Get(name)
		if said == "" || said == base64.StdEncoding.EncodeToString(want) {
			continue
		}
		if name == "Content-Md5" {
			return refuse(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.")
		}
		return refuse(http.StatusBadRequest, "BadDigest", "The %s you specified did not match the calculated checksum.", strings.ToUpper(strings.TrimPrefix(name, "X-Amz-Checksum-")))
	}
	return nil
}

// objectAnswer is an object on its way out.
type objectAnswer struct {
	*object
	head bool
	mode bool // x-amz-checksum-mode: ENABLED
}

func (a *objectAnswer) answer(h http.Header) (int, []byte) {
	for k, v := range a.header {
		if !strings.HasPrefix(k, "X-Amz-Checksum") || a.mode {
			// Names of metadata are in small letters, as S3 gives them back.
			if strings.HasPrefix(k, "X-Amz-Meta-") {
				k = strings.ToLower(k)
			}
			h[k] = []string{v}
		}
	}
	h.Set("ETag", a.etag())
	h.Set("Last-Modified", a.at.UTC().Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Length", strconv.Itoa(len(a.data)))
	if a.head {
		return http.StatusOK, nil
	}
	return http.StatusOK, a.data
}

// found is the object of a request. Whoever may not list the bucket does not
// learn that there is none. Amazon S3 API Reference, GetObject, Permissions.
func (c *call) found(in *bucketRequest) (*object, error) {
	b := c.t.buckets[in.name]
	if o := b.objects[in.key]; o != nil {
		if in.header.Get("Range") != "" {
			return nil, refuse(http.StatusNotImplemented, "NotImplemented", "The twin's S3 gives out whole objects")
		}
		return o, nil
	}
	list, err := onBucket("ListBucket")(c, in)
	if err == nil {
		err = c.allow(list)
	}
	if err != nil {
		return nil, err
	}
	return nil, refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
}

func getObject(c *call, in *bucketRequest) (*objectAnswer, error) {
	o, err := c.found(in)
	if err != nil {
		return nil, err
	}
	return &objectAnswer{object: &object{o.data, o.at, maps.Clone(o.header)}, mode: strings.EqualFold(in.header.Get("X-Amz-Checksum-Mode"), "ENABLED")}, nil
}

func headObject(c *call, in *bucketRequest) (*objectAnswer, error) {
	out, err := getObject(c, in)
	if err != nil {
		return nil, err
	}
	out.head = true
	return out, nil
}

// deleteObject succeeds when there is none.
func deleteObject(c *call, in *bucketRequest) (*s3Empty, error) {
	delete(c.t.buckets[in.name].objects, in.key)
	return done(http.StatusNoContent), nil
}
