"""The wire: what SIP messages are made of, as values that are read from text and written to it.

- `uri`: SIP, SIPS and tel URIs; `name_addr`: ``"Name" <uri>;tag=...``; `via`, `cseq`: the headers
  that every message has; `parameters`: what all of these are made of
- `headers`: header fields under any spelling of their names
- `message`: requests and responses, `parse_message`; `framing`: where headers and body end;
  `validation`: reading all of one
- `status`: reason phrases
- `auth`: digest challenges and answers; `sdp`: offers and answers without media; `sipfrag`: the
  status in a NOTIFY; `event`: Event and Subscription-State; `reason`: why a request was
  sent; `history_info`: whom it was first meant for
- `xml_element`: XML from strangers; `dialog_info`: who is in which dialog (RFC 4235)

No input or output here, no clock, no random numbers: text in, values out, and back.
"""
