package rollout

import (
	"crypto/sha256"
	"encoding/binary"
)

// point is where an owner stands in the rollout of a name: at least 0 and less than 1, as if by chance, and always the same.
// Another name gives others.
func point(name, owner string) float64 {
	sum := sha256.Sum256([]byte("lockbay rollout\x00" + name + "\x00" + owner))
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53) // the upper bits, which a float64 holds exactly
}

// Arm is on which side of the comparison of a stage an owner is.
type Arm string

// The arms of a stage. Whoever got the new at an earlier stage keeps it, and is left out: what happened to that owner then
// may still matter.
const (
	New     Arm = "new"
	Old     Arm = "old"
	Earlier Arm = "earlier"
)

// armOf is the arm of an owner at a stage that raises the share from before to share, in percent.
func armOf(name, owner string, before, share int) Arm {
	switch p := point(name, owner); {
	case p < float64(before)/100:
		return Earlier
	case p < float64(share)/100:
		return New
	}
	return Old
}

// ratio is the share of the new among the owners who are compared.
func ratio(before, share int) float64 { return float64(share-before) / float64(100-before) }
