// SPDX-License-Identifier: Apache-2.0

package decide

import "time"

// The times of a handover. Its steps are carried out by internal/bootstrap/act, and played by simtest.
const (
	// HandoverCatchUp bounds the wait for the heir to have all that was written; the first pause outlasts it.
	HandoverCatchUp = time.Second
	// HandoverFirstPause stays below the least down-after: a paused master answers PING late, because hellos wait with the writes.
	HandoverFirstPause = 1500 * time.Millisecond
	// HandoverLongPause covers the offer and its answer. Nothing may be written between offer and demotion, or it would be lost.
	HandoverLongPause = 8 * time.Second
	// HandoverClaimTime is how long the heir has to claim and promote.
	HandoverClaimTime = time.Second
	// HandoverMoveTime is how long clients are kept for Sentinels to name the heir.
	HandoverMoveTime = 500 * time.Millisecond
	// HandoverPollEvery is how often a server is asked while writes are held back.
	HandoverPollEvery = 5 * time.Millisecond
)
