/** What could be wrong with mail over TLS and is not looked at, each with its reason; docs/zoo.md lists it. */

interface Unchecked {
  readonly reason: string;
  readonly ids: readonly string[];
}

export const unchecked: readonly Unchecked[] = [
  {
    reason: 'Needs a session of our own making, to its end and beyond, which nobody has keys for.',
    ids: [
      'tls.dh.custom',
      'tls.kex.reuse',
      'tls.sigalg.pss',
      'tls.ticket-lifetime',
      'tls.reneg.client',
      'tls.0rtt',
      'tls.early-data-accepted',
      'tls.heartbeat',
      'tls.ccs',
      'tls.robot',
      'tls.ticketbleed',
      'tls.drown',
      'tls.alert-quality',
      'tls.fingerprint',
      'tls.close-notify',
      'starttls.client-cert-requested',
      'cert.ocsp-staple',
      'cert.must-staple-broken',
    ],
  },
  {
    reason: 'Needs what was seen before: a matter of monitoring, not of one check.',
    ids: [
      'event.regression',
      'event.fixed',
      'event.flap',
      'event.cert-renewed-same-key',
      'event.key-rolled-without-tlsa',
      'event.mx-changed-policy-not',
      'event.policy-downgraded',
      'event.scanner-blocked',
      'event.sla',
      'cert.changed',
      'cert.key-changed',
      'cert.issuer-changed',
      'mtasts.provider-drift',
      'tlsrpt.no-reports',
      'tlsrpt.correlates',
      'tls.ticket-key-reuse',
    ],
  },
  {
    reason: 'Needs more than one place to look from, or every server of a zone asked one by one.',
    ids: [
      'dns.ns-inconsistent',
      'dns.lame',
      'dnssec.ns-differ',
      'conn.vantage-diff',
      'event.vantage-disagrees',
    ],
  },
  {
    reason: 'Needs registers that others keep, or what only they see.',
    ids: [
      'mx.dnsbl',
      'mx.rpki-no-roa',
      'mx.rpki-invalid',
      'cert.revoked',
      'cert.sct-missing',
      'cert.ct-unexpected',
      'cert.key.shared',
    ],
  },
  {
    reason:
      'Needs to be told by the owner: which hosts are expected, which selectors there are, what is planned.',
    ids: [
      'mx.unexpected',
      'mx.ttl',
      'mx.wildcard-target',
      'dkim.selector-invalid',
      'dkim.key-short',
      'dane.rollover-ttl',
    ],
  },
  {
    reason: 'Would fetch from, or send to, hosts that the target has nothing to do with.',
    ids: [
      'tlsrpt.rua-https-cert',
      'tlsrpt.rua-https-status',
      'bimi.svg',
      'bimi.vmc-expired',
      'mtasts.policy.ua-blocked',
    ],
  },
  {
    reason: 'Would send what a server need not forgive: words before the greeting, a message with two ends.',
    ids: ['smtp.ehlo.sync', 'smtp.smuggling', 'starttls.hidden'],
  },
  {
    reason: 'Told by another name: `conn.timeout`, exit code 4, `dane.dead-mx`, `cert.key.rsa-short`.',
    ids: ['smtp.banner.timeout', 'meta.port25-blocked', 'dane.dead-mx-without-tlsa', 'cert.key.rsa'],
  },
  {
    reason: 'No fault: RFC 8461 §3.2 allows both ends of a line.',
    ids: ['mtasts.policy.line-ending'],
  },
];
