// Package docs has the documents and their tests. There is no code here.
package docs
