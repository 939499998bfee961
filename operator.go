package lockbay

// Operator is who runs the service, as people read it.
type Operator struct {
	Name  string // empty: people read how to reach the operator
	Hours string // when a person answers, such as: Mon to Fri, 9 to 17 UTC. Optional
}
