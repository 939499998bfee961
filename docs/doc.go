// Package docs holds the documents, and the tests of what they show: there is no
// code here.
package docs
