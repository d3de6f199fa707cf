/** The programs that are asked. */
import type { Tool } from './tool.ts';
import { gnutls } from './tools/gnutls.ts';
import { nmap } from './tools/nmap.ts';
import { openssl } from './tools/openssl.ts';
import { posttlsFinger } from './tools/posttls-finger.ts';
import { sslscan } from './tools/sslscan.ts';
import { testsslFor } from './tools/testssl.ts';

/** How much testssl.sh is asked for, as it takes the longest by far: nothing, versions and certificates, everything. */
export type Thorough = 'none' | 'some' | 'all';

export function toolsFor(testssl: Thorough): readonly Tool[] {
  const quick = [sslscan, nmap, openssl, gnutls, posttlsFinger];
  if (testssl === 'none') return quick;
  return [...quick, testsslFor(testssl === 'some' ? ['-p', '-S'] : ['-p', '-S', '-f', '-E'])];
}
