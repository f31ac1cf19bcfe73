"""What the DNS says of who sends: SPF (RFC 7208), DKIM keys (RFC 6376), DMARC, and where bounces can go.

Doors: `asking.Asking` asks, in bounded time; `judging.judged` says what is wrong or doubtful about a
`Sender`; `keys.look_up` compares a key that signs with the one that is published. What could not be asked is
always told as that, and is no pass. dnspython is loaded with the first question.
"""
