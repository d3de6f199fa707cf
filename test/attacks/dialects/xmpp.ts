/** XMPP: a stream of XML between clients and servers, and between servers (RFC 6120). */
import { type Dialect, EVIL, endOf, SECRET } from '../dialect.ts';

const TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';

/** The name that everybody asks for, and that the certificate proves. */
export const DOMAIN = 'server.test';

function xmppOf(protocol: 'xmpp' | 'xmpp-server'): Dialect {
  const namespace = protocol === 'xmpp' ? 'jabber:client' : 'jabber:server';
  const stream = (attributes: string): string =>
    `<?xml version='1.0'?><stream:stream ${attributes} xmlns='${namespace}' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`;
  const hello = stream(`to='${DOMAIN}'`);
  const features = (content: string): string =>
    `${stream(`from='${DOMAIN}' id='toy'`)}<stream:features>${content}</stream:features>`;
  const mechanisms = (name: string): string =>
    `<mechanisms xmlns='${SASL}'><mechanism>${name}</mechanism></mechanisms>`;
  const login = `${hello}<auth xmlns='${SASL}' mechanism='PLAIN'>${SECRET}</auth>`;
  return {
    protocol,
    greeting: () => '',
    greetsInside: false,
    ask: hello,
    askInside: null,
    upgrade: `<starttls xmlns='${TLS}'/>`,
    isUpgrade: (request) => request.startsWith('<starttls'),
    goAhead: `<proceed xmlns='${TLS}'/>`,
    wrongGoAhead: `<proceed xmlns='urn:example:other'/>`,
    refusal: () => `<failure xmlns='${TLS}'/></stream:stream>`,
    refusalHasWords: false,
    login,
    loginInside: login,
    loginOfPlainClient: login,
    answer: (request, { startTls, extra }) => {
      if (request.startsWith('<auth')) return `<success xmlns='${SASL}'/>`;
      // RFC 6120 §5.4.2.2, of a second one.
      if (request.startsWith('<starttls')) return `<failure xmlns='${TLS}'/>`;
      if (request.startsWith('</')) return '</stream:stream>';
      if (!request.includes('<stream:stream')) return '';
      if (startTls === 'offered') return features(`<starttls xmlns='${TLS}'/>${extra && mechanisms(extra)}`);
      const masked = startTls === 'masked' ? `<starttls xmlns='urn:example:masked'/>` : '';
      return features(masked + mechanisms(extra || 'PLAIN'));
    },
    bait: features(mechanisms(EVIL)),
    fragment: `${stream(`from='${DOMAIN}' id='${EVIL}'`)}<stream:features><!--`,
    probe: (word) => `<iq type='get' id='${word}'/>`,
    requestEnds: (unread) =>
      endOf(
        /^\s*(?:(?:<\?xml[^>]*\?>)?\s*<stream:stream[^>]*>|<[^>]*\/>|<([a-z]+)[^>]*>[^]*?<\/\1>|<\/[^>]*>)/,
        unread,
      ),
    answerEnds: (unread, to) =>
      endOf(
        to === 'goAhead'
          ? /^<[^>]*\/>(?:<\/stream:stream>)?/
          : /<\/stream:features>|<\/stream:error>|<(?:success|failure)[^>]*\/>/,
        unread,
      ),
    isPositive: (answer, to) =>
      to === 'goAhead' ? answer === `<proceed xmlns='${TLS}'/>` : /<\/stream:features>|<success/.test(answer),
    offersStartTls: (answer) => answer.includes(`<starttls xmlns='${TLS}'`),
  };
}

export const xmpp = xmppOf('xmpp');
export const xmppServer = xmppOf('xmpp-server');
