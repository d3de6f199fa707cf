/** `[[listener]]`: where mail is taken in. */
import { z } from 'zod';
import { isLoopback } from '../../../names/address.ts';
import type { Network } from '../../../relay/settings.ts';
import type { Listener } from '../config.ts';
import { parseListenAddress, parseNetwork } from '../values.ts';
import { complaints, list, text } from './kit.ts';

const NO_TLS_ONLY_ON_PORT_25 =
  'port 25 cannot require TLS: "A publicly-referenced SMTP server MUST NOT require use of the STARTTLS extension in order to deliver mail locally" (RFC 3207 §4)';
const OTHER_PORT = 'listen on another port such as 587 or 465';

const loopback: readonly Network[] = [
  { family: 'ipv4', address: '127.0.0.0', prefix: 8 },
  { family: 'ipv6', address: '::1', prefix: 128 },
];

export const listener = z
  .strictObject({
    role: z
      .enum(['submission', 'mx'])
      .describe(
        'submission: takes mail to anyone from whoever is in networks or logs in; mx: takes mail from anyone for the domains of [[domain]].',
      ),
    address: text(parseListenAddress).describe('IP address and port; port 0 lets the system choose.'),
    tls: z
      .enum(['starttls', 'implicit'])
      .default('starttls')
      .describe('starttls: begins in clear and offers STARTTLS; implicit: TLS from the first byte.'),
    require_tls: z
      .boolean()
      .optional()
      .describe(
        'Whether mail is refused before STARTTLS. Default: false on loopback addresses and for role mx, true elsewhere; has to be false on port 25.',
      ),
    networks: z
      .array(text(parseNetwork, '192.0.2.0/24', '2001:db8::/32'))
      .optional()
      .describe(
        'Who may relay without a login. Default: loopback for role submission, nobody for role mx; [] is nobody.',
      ),
    proxy: list(text(parseNetwork), 'network')
      .optional()
      .describe(
        'Proxies: whoever connects from here has to begin with a PROXY header (version 1 or 2), and the address in it counts as the client.',
      ),
    xclient: list(text(parseNetwork), 'network')
      .optional()
      .describe(
        'Fronts: whoever connects from here may say by XCLIENT for whom it speaks, and that address counts as the client.',
      ),
    xclient_login: z
      .boolean()
      .default(false)
      .describe('Whether LOGIN in XCLIENT counts as a login of that account; for role submission.'),
    client_certificates: z
      .enum(['off', 'ask'])
      .default('off')
      .describe(
        'ask: clients are asked for a certificate, and may do without; see certificates in [[account]] and [[inbound]], and [tls] client_ca.',
      ),
    xverp: z
      .boolean()
      .default(false)
      .describe(
        'Whether whoever may relay may ask by XVERP, as with Postfix, that each copy has a sender that names its recipient; for role submission.',
      ),
    bare_line_ending: z
      .enum(['refuse', 'normalize'])
      .default('refuse')
      .describe(
        'What happens to a message with a CR or LF alone: refuse it, or normalize each to CRLF. Either way it cannot smuggle a second message.',
      ),
  })
  .transform((written, context): Listener => {
    const { role, tls } = written;
    const { address, port } = written.address;
    const requireTls =
      written.require_tls ?? (tls === 'implicit' || (role === 'submission' && !isLoopback(address)));
    const complain = complaints(context);
    if (tls === 'implicit' && !requireTls) {
      complain('require_tls', 'cannot be false where tls = "implicit": there is TLS before anything else');
    } else if (requireTls && port === 25 && !isLoopback(address)) {
      const way = tls === 'implicit' ? OTHER_PORT : `say require_tls = false, or ${OTHER_PORT}`;
      complain('require_tls', `${NO_TLS_ONLY_ON_PORT_25}; ${way}`);
    }
    if (written.xclient_login && (role !== 'submission' || written.xclient === undefined)) {
      complain('xclient_login', 'needs role = "submission" and xclient: nobody could say who has logged in');
    }
    if (written.xverp && role !== 'submission') complain('xverp', 'needs role = "submission"');
    return {
      role,
      address,
      port,
      tls,
      requireTls,
      networks: written.networks ?? (role === 'submission' ? loopback : []),
      proxies: written.proxy ?? [],
      fronts: written.xclient ?? [],
      frontLogins: written.xclient_login,
      clientCertificates: written.client_certificates,
      ...(written.xverp ? { xverp: true } : {}),
      bareLineEnding: written.bare_line_ending,
    };
  });
