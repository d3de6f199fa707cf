/** What a hostile server says to an SMTP client. */
import * as fc from 'fast-check';

const replies =
  `220 mx|250 ok|250-mx|250-STARTTLS|250 STARTTLS|250 PIPELINING|250-SIZE 5|251 ok|354 go|421 bye
250 AUTH PLAIN|235 ok|334 VXNlcm5hbWU6|454 later|550 5.1.1 no|`.split(/[|\n]/);
const line = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...replies).map((reply) => `${reply}\r\n`) },
  { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\0', '2', '250', '\xff', '-', ' ') },
);
const noise = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

/** What a hostile server says: mostly replies, well and badly formed, and noise; each piece comes alone. */
export const hostileReplies: fc.Arbitrary<Buffer[]> = fc
  .array(fc.oneof({ weight: 12, arbitrary: line }, { weight: 1, arbitrary: noise }), { maxLength: 24 })
  .chain((parts) =>
    fc.boolean().map((each) => {
      const pieces = parts.map((part) => Buffer.from(part, 'latin1'));
      return each ? pieces : [Buffer.concat(pieces)];
    }),
  );
