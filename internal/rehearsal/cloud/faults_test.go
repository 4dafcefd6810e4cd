package cloud

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFaultsStrikeTheNthCallOfAllProcesses(t *testing.T) {
	dir := t.TempDir()
	first, second := open(t, dir), open(t, dir)
	struck, err := first.Struck(CreateCall, "t", "a")
	require.NoError(t, err)
	assert.Empty(t, struck, "without a plan nothing goes wrong")
	require.NoError(t, first.SetFaults(
		Fault{Kind: Timeout, Call: CreateCall, Type: "t", Nth: 3, Times: 2},
		Fault{Kind: Refuse, Name: "special", Code: "AccessDenied", Times: -1},
	))
	var hits []int
	for i := range 6 {
		at := []*Cloud{first, second}[i%2]
		struck, err := at.Struck(CreateCall, "t", "a")
		require.NoError(t, err)
		if len(struck) > 0 {
			assert.Equal(t, Timeout, struck[0].Kind)
			hits = append(hits, i+1)
		}
	}
	assert.Equal(t, []int{3, 4}, hits, "the third and fourth, whichever process makes them")
	for range 3 {
		struck, err = second.Struck(DeleteCall, "u", "special")
		require.NoError(t, err)
		assert.Len(t, struck, 1, "it never ends")
	}
	require.NoError(t, second.SetFaults())
	struck, err = first.Struck(DeleteCall, "u", "special")
	require.NoError(t, err)
	assert.Empty(t, struck)
}

func TestStrikesAndHolds(t *testing.T) {
	c := open(t, t.TempDir())
	require.NoError(t, c.SetFaults(Fault{Kind: Hold, Call: CreateCall}))
	held, err := c.Held()
	require.NoError(t, err)
	assert.Nil(t, held)
	require.NoError(t, c.RecordStrike(Strike{Fault: Fault{Kind: Throttle}, URN: "one"}))
	require.NoError(t, c.RecordStrike(Strike{Fault: Fault{Kind: Hold}, URN: "two", ID: "id"}))
	held, err = c.Held()
	require.NoError(t, err)
	require.NotNil(t, held)
	assert.Equal(t, "two", held.URN)
	strikes, err := c.Strikes()
	require.NoError(t, err)
	assert.Len(t, strikes, 2)
	require.NoError(t, c.SetFaults())
	strikes, err = c.Strikes()
	require.NoError(t, err)
	assert.Empty(t, strikes, "a new plan forgets what struck")
}

func TestAPlanThatMeansNothingIsRefused(t *testing.T) {
	c := open(t, t.TempDir())
	for message, fault := range map[string]Fault{
		"is none of":              {Kind: "explode"},
		"needs AWS's code":        {Kind: Refuse},
		"needs attempts":          {Kind: Throttle},
		"only a read can miss":    {Kind: Unseen, Call: CreateCall},
		"only a read can miss wh": {Kind: Unseen},
	} {
		require.ErrorContains(t, c.SetFaults(fault), message)
	}
}
