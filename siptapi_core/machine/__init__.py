"""The protocol machines: bytes and the time in; bytes, happenings and the next deadline out.

Nothing here opens a socket, reads a clock or draws a random number. From the bottom up:

- `timers`: the one queue of everything that will happen later
- `client_transaction`, `server_transaction`, `transaction_layer`: RFC 3261 section 17, RFC 6026
- `authentication`, `exchange`: one request, its challenges, its standby addresses;
  `standby_probe` and `dead_addresses` know which of them to use
- `dialog`: RFC 3261 section 12
- `user_agent`: the end that packets go into and come out of; `strangers`: who is answered outside
  our dialogs, and who may call (`accept_from`); `short_answer`, `rate_limit`: how long, how often
- `phone_leg`, `referral`, `refer_call`: the click-to-dial call itself, as a `refer_plan` wants it
- `incoming_calls`, `incoming_call`: calls that come to our lines, shown and never answered;
  `line_of_request`: to which; `incoming_parties`, `incoming_ending`: who calls whom, how it ended;
  `own_calls`: those that are our own, come back
- `registration`, `binding`, `registrar_answer`: a line at its registrar, as a `registration_plan`
  wants it; `flows`: the ways that are kept open for all lines; `renewal`: when to ask again
- `subscription`: SUBSCRIBE and its NOTIFYs, as a `subscription_plan` wants it (RFC 6665);
  `subscription_requests`, `subscription_ending`: what it sends, why it ends
- `dialog_watch`, `dialog_table`, `dialog_matching`: the dialogs that it tells of (RFC 4235), and
  which of our calls they are
"""
