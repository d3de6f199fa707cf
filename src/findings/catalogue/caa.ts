/** Checks of this section, by id. */
import type { Catalogue } from '../check.ts';

export const caaChecks = {
  'caa.missing': {
    title: 'CAA records',
    severity: 'info',
    why: 'Every certificate authority may issue certificates for the host. Whoever deceives one of them can pretend to be the host; CAA leaves only the authorities that you use.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Publish CAA records with the authorities that you use.',
        lines: [{ for: 'dns', text: 'example.test. IN CAA 0 issue "letsencrypt.org"' }],
        verify: 'dig +short example.test CAA',
      },
    ],
    reference: 'RFC 8659 §3',
  },
  'caa.violated': {
    title: 'issuer of the certificate, by CAA',
    severity: 'medium',
    why: 'The certificate in use is of an authority that the zone does not allow: it will not be renewed there, and if nobody knows of it, somebody else may have got it.',
    fix: [
      {
        who: 'dns-owner',
        do: 'Add the authority to the CAA records, or have the certificate issued by one that is allowed.',
      },
    ],
    reference: 'RFC 8659 §4.2',
  },
  'caa.critical-unknown': {
    title: 'CAA records that authorities understand',
    severity: 'medium',
    why: 'A record that is marked as critical has a tag that authorities do not know, or cannot be read: they have to refuse every certificate.',
    fix: [{ who: 'dns-owner', do: 'Correct the tag, or take the mark (128) from the record.' }],
    reference: 'RFC 8659 §4.1, §4.5',
  },
} as const satisfies Catalogue;
