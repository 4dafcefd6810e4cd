package auth

// Role is what somebody may do.
type Role string

// The roles.
const (
	// Member sees and changes what they hold.
	Member Role = "member"
	// Manager sees and changes every item, and the roles of accounts.
	Manager Role = "manager"
	// Machine is a program with the API key; it may what a manager may. No account has this role.
	Machine Role = "machine"
)

// Principal is who asks: an account, or the machines together.
type Principal struct {
	ID   string
	Role Role
}

// MachineID is the principal of whoever has the API key.
const MachineID = "machine"

// Everything says whether the principal may see and change what others hold.
func (p Principal) Everything() bool { return p.Role == Manager || p.Role == Machine }
