/** What a hostile client or server says: parts of streams, well and badly formed, and noise. */
import * as fc from 'fast-check';

const TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const ROOT = "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

const parts = [
  `<?xml version='1.0'?><stream:stream to='im.example.test' xmlns='jabber:client' ${ROOT}`,
  `<stream:stream xmlns='jabber:client' ${ROOT}`,
  '</stream:stream>',
  `<stream:features><starttls xmlns='${TLS}'><required/></starttls></stream:features>`,
  '<stream:features/>',
  '<stream:features>',
  '</stream:features>',
  `<starttls xmlns='${TLS}'/>`,
  `<starttls xmlns='${TLS}'>`,
  '</starttls>',
  `<proceed xmlns='${TLS}'/>`,
  `<failure xmlns='${TLS}'/>`,
  `<auth xmlns='${SASL}' mechanism='PLAIN'>AHVzZXIAcGVuY2ls</auth>`,
  `<success xmlns='${SASL}'/>`,
  '<message><body>a &amp; b</body></message>',
  "<x xmlns='urn:x'>",
  '</x>',
  '<iq/>',
];
const shreds = [
  ' ',
  '\n',
  '<',
  '>',
  '</',
  '<!',
  '<!--',
  '<![CDATA[',
  ']]>',
  '<?xml',
  '&',
  '&lt;',
  "'",
  '"',
  'x',
  '\0',
];

const said = fc
  .array(
    fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...parts) },
      { weight: 1, arbitrary: fc.constantFrom(...shreds) },
      { weight: 1, arbitrary: fc.constantFrom('\xff', '\xc3\xab', '\xc3') },
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((texts) => Buffer.from(texts.join(''), 'latin1'));

/** One piece for each wait of a dialogue. */
export const hostilePieces: fc.Arbitrary<Buffer[]> = fc.array(said, { maxLength: 6 });

export const hostileTurns = fc.array(
  fc.record({ side: fc.constantFrom('client' as const, 'backend' as const), octets: said }),
  { maxLength: 10 },
);
