/** Reads a message with Python's email package: a parser that is not ours. */
import assert from 'node:assert/strict';
import type { Received } from './maildir.ts';
import { runIn } from './sandbox.ts';

/** What the parser made of a message. */
export interface ReadMail {
  /** `multipart/report` */
  readonly type: string;
  /** Of the content type. */
  readonly parameters: Readonly<Record<string, string>>;
  /** By name in lower case; of repeated ones the last. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the parser had to overlook, in the message and all its parts. */
  readonly defects: readonly string[];
  /** All parts that hold content themselves, in their order; the message itself where it has no parts. */
  readonly parts: readonly ReadPart[];
}

/** One part that holds content itself. */
export interface ReadPart {
  readonly type: string;
  /** `quoted-printable`, ...; empty where it names none. */
  readonly encoding: string;
  /** With its transfer encoding undone. */
  readonly content: Buffer;
  readonly text: string;
  /** Of message/delivery-status, and of its kind for UTF-8: the groups of fields, by name in lower case. */
  readonly fields: readonly Readonly<Record<string, string>>[];
}

const script = `
import base64, email, email.policy, json, sys
policy = email.policy.default.clone(utf8=True)
message = email.message_from_bytes(sys.stdin.buffer.read(), policy=policy)
def named(part):
    return {name.lower(): str(value) for name, value in part.items()}
def read(part):
    kind = part.get_content_type()
    content, fields = b'', []
    if kind == 'message/delivery-status':
        fields = [named(group) for group in part.get_payload()]
    elif part.is_multipart():
        # The parser knows nothing of the kinds of RFC 6533, and takes what is in them for a message.
        content = part.get_payload(0).as_bytes(policy=policy)
        groups = content.decode().strip().split('\\n\\n')
        fields = [named(email.message_from_string(group, policy=policy)) for group in groups]
    else:
        content = part.get_payload(decode=True)
    return {'type': kind, 'encoding': str(part.get('content-transfer-encoding', '')),
            'content': base64.b64encode(content).decode(), 'fields': fields}
def holders(part):
    if part.get_content_maintype() == 'multipart':
        return [one for below in part.iter_parts() for one in holders(below)]
    return [part]
print(json.dumps({
    'type': message.get_content_type(),
    'parameters': dict(message['content-type'].params) if 'content-type' in message else {},
    'headers': named(message),
    'defects': [repr(defect) for part in message.walk() for defect in part.defects],
    'parts': [read(part) for part in holders(message)],
}))
`;

/** Parses a message as a peer stored it. */
export async function readMail(toolsRoot: string, { header, body }: Received): Promise<ReadMail> {
  const input = Buffer.concat([Buffer.from(`${header}\n`, 'latin1'), body]);
  const done = await runIn(toolsRoot, 'python3', ['-c', script], { input });
  assert.equal(done.code, 0, done.stderr);
  const read: Omit<ReadMail, 'parts'> & {
    parts: (Omit<ReadPart, 'content' | 'text'> & { content: string })[];
  } = JSON.parse(done.stdout);
  const parts = read.parts.map((part) => {
    const content = Buffer.from(part.content, 'base64');
    return { ...part, content, text: content.toString() };
  });
  return { ...read, parts };
}
