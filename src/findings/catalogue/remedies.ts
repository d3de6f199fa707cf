/** Remedies that entries of the catalogue are written with; mx.example.com in them stands for the host. */
import type { PasteLine, Remedy } from '../check.ts';

/** Something that whoever runs the server does. */
export function program(what: string, lines: readonly PasteLine[] = []): Remedy {
  const hasPaths = lines.some(({ text }) => text.includes('/mx.example.com'));
  const told = hasPaths ? `${what} The paths of files below are examples.` : what;
  return { who: 'mail-provider', do: told, ...(lines.length === 0 ? {} : { lines }) };
}

/** Lines that give a server a certificate and have it offer TLS. */
export const offerTls: readonly PasteLine[] = [
  { for: 'postfix', text: 'smtpd_tls_security_level = may' },
  {
    for: 'postfix',
    text: 'smtpd_tls_chain_files = /etc/letsencrypt/live/mx.example.com/privkey.pem, /etc/letsencrypt/live/mx.example.com/fullchain.pem',
  },
  { for: 'exim', text: 'tls_advertise_hosts = *' },
  { for: 'exim', text: 'tls_certificate = /etc/exim4/tls/mx.example.com.fullchain.pem' },
  { for: 'exim', text: 'tls_privatekey = /etc/exim4/tls/mx.example.com.key.pem' },
  { for: 'opensmtpd', text: 'pki mx.example.com cert "/etc/ssl/mx.example.com.fullchain.pem"' },
  { for: 'opensmtpd', text: 'pki mx.example.com key "/etc/ssl/private/mx.example.com.key"' },
  { for: 'opensmtpd', text: 'listen on 0.0.0.0 tls pki mx.example.com' },
  { for: 'sendmail', text: "define(`confSERVER_CERT', `/etc/mail/tls/mx.example.com.fullchain.pem')dnl" },
  { for: 'sendmail', text: "define(`confSERVER_KEY', `/etc/mail/tls/mx.example.com.key.pem')dnl" },
  {
    for: 'exchange',
    text: 'Get-ExchangeCertificate -DomainName mx.example.com | Select-Object -First 1 | Enable-ExchangeCertificate -Services IMAP,POP,SMTP',
  },
  { for: 'dovecot', text: 'ssl = required' },
  { for: 'dovecot', text: 'ssl_cert = </etc/letsencrypt/live/mx.example.com/fullchain.pem' },
  { for: 'dovecot', text: 'ssl_key = </etc/letsencrypt/live/mx.example.com/privkey.pem' },
  {
    for: 'dovecot',
    text: '# Dovecot 2.4: ssl_server_cert_file = /etc/letsencrypt/live/mx.example.com/fullchain.pem',
  },
  {
    for: 'dovecot',
    text: '# Dovecot 2.4: ssl_server_key_file = /etc/letsencrypt/live/mx.example.com/privkey.pem',
  },
  { for: 'cyrus', text: 'tls_server_cert: /etc/ssl/mx.example.com.fullchain.pem' },
  { for: 'cyrus', text: 'tls_server_key: /etc/ssl/private/mx.example.com.key' },
  { for: 'slapd', text: 'TLSCertificateFile /etc/ldap/tls/mx.example.com.fullchain.pem' },
  { for: 'slapd', text: 'TLSCertificateKeyFile /etc/ldap/tls/mx.example.com.key' },
  { for: 'prosody', text: 'c2s_require_encryption = true' },
  { for: 'prosody', text: 's2s_require_encryption = true' },
  { for: 'prosody', text: 'certificates = "/etc/prosody/certs"' },
  { for: 'vsftpd', text: 'ssl_enable=YES' },
  { for: 'vsftpd', text: 'rsa_cert_file=/etc/ssl/mx.example.com.fullchain.pem' },
  { for: 'vsftpd', text: 'rsa_private_key_file=/etc/ssl/private/mx.example.com.key' },
  { for: 'inn', text: 'tlscertfile: /etc/news/mx.example.com.fullchain.pem' },
  { for: 'inn', text: 'tlskeyfile: /etc/news/mx.example.com.key' },
  { for: 'postgresql', text: 'ssl = on' },
  { for: 'postgresql', text: "ssl_cert_file = '/etc/postgresql/mx.example.com.fullchain.pem'" },
  { for: 'postgresql', text: "ssl_key_file = '/etc/postgresql/mx.example.com.key'" },
  { for: 'mariadb', text: 'ssl_cert = /etc/mysql/mx.example.com.fullchain.pem' },
  { for: 'mariadb', text: 'ssl_key = /etc/mysql/mx.example.com.key' },
];

/** The lines that name certificate and chain: what is to be renewed or completed goes into these files. */
export const certificateFiles: readonly PasteLine[] = offerTls.filter(({ text }) => /fullchain/.test(text));

/** Lines by which clients are not asked for a certificate. */
export const noClientCertificate: readonly PasteLine[] = [
  { for: 'postfix', text: 'smtpd_tls_ask_ccert = no' },
  { for: 'postfix', text: 'smtpd_tls_req_ccert = no' },
  { for: 'exim', text: 'tls_verify_hosts =' },
  { for: 'opensmtpd', text: 'listen on 0.0.0.0 tls pki mx.example.com' },
  { for: 'sendmail', text: "define(`confTLS_SRV_OPTIONS', `V')dnl" },
  {
    for: 'exchange',
    text: 'Set-ReceiveConnector "Default Frontend $env:COMPUTERNAME" -DomainSecureEnabled $false',
  },
  { for: 'dovecot', text: 'ssl_verify_client_cert = no' },
  { for: 'dovecot', text: '# Dovecot 2.4: ssl_server_request_client_cert = no' },
  { for: 'cyrus', text: 'tls_client_certs: off' },
  { for: 'slapd', text: 'TLSVerifyClient never' },
  { for: 'vsftpd', text: 'require_cert=NO' },
  { for: 'postgresql', text: 'hostssl all all all scram-sha-256' },
];

/** Lines by which nothing below TLS 1.2 is spoken. */
export const atLeastTls12: readonly PasteLine[] = [
  { for: 'postfix', text: 'smtpd_tls_protocols = >=TLSv1.2' },
  { for: 'postfix', text: 'smtpd_tls_mandatory_protocols = >=TLSv1.2' },
  { for: 'exim', text: '# built with GnuTLS, as Debian has it (exim -bV says which):' },
  { for: 'exim', text: 'tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2' },
  { for: 'exim', text: '# built with OpenSSL:' },
  { for: 'exim', text: 'openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1' },
  { for: 'opensmtpd', text: 'listen on 0.0.0.0 tls pki mx.example.com protocols "TLSv1.2:TLSv1.3"' },
  {
    for: 'sendmail',
    text: "define(`confSERVER_SSL_OPTIONS', `+SSL_OP_NO_SSLv2 +SSL_OP_NO_SSLv3 +SSL_OP_NO_TLSv1 +SSL_OP_NO_TLSv1_1')dnl",
  },
  {
    for: 'exchange',
    text: String.raw`New-Item -Force "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.0\Server" | New-ItemProperty -Name Enabled -PropertyType DWord -Value 0`,
  },
  {
    for: 'exchange',
    text: String.raw`New-Item -Force "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.1\Server" | New-ItemProperty -Name Enabled -PropertyType DWord -Value 0`,
  },
  { for: 'dovecot', text: 'ssl_min_protocol = TLSv1.2' },
  { for: 'cyrus', text: 'tls_versions: tls1_2 tls1_3' },
  { for: 'slapd', text: '# built with GnuTLS, as Debian has it, which does not heed TLSProtocolMin:' },
  { for: 'slapd', text: 'TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2' },
  { for: 'slapd', text: '# built with OpenSSL:' },
  { for: 'slapd', text: 'TLSProtocolMin 3.3' },
  { for: 'prosody', text: 'ssl = { protocol = "tlsv1_2+" }' },
  { for: 'vsftpd', text: 'ssl_tlsv1=NO' },
  { for: 'vsftpd', text: '# 3.0.3 has no switch for TLS 1.1; suites that it lacks do the same:' },
  { for: 'vsftpd', text: 'ssl_ciphers=ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM' },
  { for: 'inn', text: 'tlsprotocols: [ TLSv1.2 TLSv1.3 ]' },
  { for: 'postgresql', text: "ssl_min_protocol_version = 'TLSv1.2'" },
  { for: 'mariadb', text: 'tls_version = TLSv1.2,TLSv1.3' },
];

/** Lines by which only suites with AEAD and keys of their own for each session are taken in TLS 1.2. */
export const forwardSecret: readonly PasteLine[] = [
  { for: 'postfix', text: 'smtpd_tls_exclude_ciphers = kRSA, SHA1, SHA256, SHA384, AESCCM8' },
  { for: 'exim', text: '# built with GnuTLS, as Debian has it (exim -bV says which):' },
  {
    for: 'exim',
    text: 'tls_require_ciphers = NORMAL:-RSA:-AES-128-CBC:-AES-256-CBC:-AES-128-CCM-8:-AES-256-CCM-8',
  },
  { for: 'exim', text: '# built with OpenSSL:' },
  { for: 'exim', text: 'tls_require_ciphers = ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM' },
  { for: 'opensmtpd', text: 'smtp ciphers "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"' },
  { for: 'sendmail', text: "define(`confCIPHER_LIST', `ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM')dnl" },
  { for: 'dovecot', text: 'ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM' },
  { for: 'cyrus', text: 'tls_ciphers: ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM' },
  { for: 'inn', text: 'tlsciphers: "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"' },
  { for: 'vsftpd', text: 'ssl_ciphers=ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM' },
  { for: 'postgresql', text: "ssl_ciphers = 'ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM'" },
  { for: 'mariadb', text: 'ssl_cipher = ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM' },
];
