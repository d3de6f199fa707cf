/** Which names in CAA records stand for which authority: there is no register of it, each says so in its practice statement. */

/** By the organization in the issuer of a certificate: the first name is the one to publish. */
const authorities: readonly (readonly [organization: string, ...domains: readonly string[]])[] = [
  ["Let's Encrypt", 'letsencrypt.org'],
  ['Internet Security Research Group', 'letsencrypt.org'],
  ['Google Trust Services', 'pki.goog'],
  ['DigiCert Inc', 'digicert.com', 'symantec.com', 'geotrust.com', 'rapidssl.com', 'thawte.com'],
  ['Sectigo Limited', 'sectigo.com', 'comodoca.com', 'comodo.com', 'usertrust.com', 'trust-provider.com'],
  ['ZeroSSL', 'sectigo.com', 'comodoca.com', 'usertrust.com', 'trust-provider.com'],
  ['GlobalSign nv-sa', 'globalsign.com'],
  ['GoDaddy.com, Inc.', 'godaddy.com', 'starfieldtech.com'],
  ['Starfield Technologies, Inc.', 'starfieldtech.com', 'godaddy.com'],
  ['Amazon', 'amazon.com', 'amazontrust.com', 'awstrust.com', 'amazonaws.com'],
  ['SSL Corporation', 'ssl.com'],
  ['Buypass AS-983163327', 'buypass.com', 'buypass.no'],
];

/**
 * The names of an authority.
 *
 * @param issuer a distinguished name as people read it: `CN=R11, O=Let's Encrypt, C=US`.
 * @returns undefined for one that is not known here: then nothing can be said of it.
 */
export function authorityOf(issuer: string): readonly string[] | undefined {
  const known = authorities.find(([organization]) => `, ${issuer},`.includes(`, O=${organization},`));
  return known?.slice(1);
}
