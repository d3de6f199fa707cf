/**
 * The helper that receives datagrams of a Unix socket, which Node cannot: a program in Perl, which Debian always has.
 *
 * Its arguments: path, mode (octal), group (may be empty), the most octets of a datagram. It ends with its stdin, so it never
 * outlives whoever started it. A pipe that nobody empties makes it wait, and then the kernel refuses further datagrams to
 * their senders: there is no room in which they could gather.
 */
import { READY, TOO_LONG } from './frames.ts';

export const HELPER = `
use strict;
use warnings;
use Socket;

$0 = 'waxwing datagrams';
$SIG{PIPE} = 'IGNORE';
my ($path, $mode, $group, $most) = @ARGV;

sub fail { syswrite STDERR, "$_[0]\\n"; exit 1 }

# A socket that nobody has bound any more refuses; one that somebody has must not be taken from him.
if (-S $path) {
  socket(my $probe, AF_UNIX, SOCK_DGRAM, 0) or fail("no socket: $!");
  fail("$path is used by another process") if connect($probe, pack_sockaddr_un($path));
  unlink($path) or fail("$path: $!");
} elsif (-e $path) {
  fail("$path is there, and is no socket");
}
socket(my $in, AF_UNIX, SOCK_DGRAM, 0) or fail("no socket: $!");
# Nobody can send before it has its group and mode.
umask(0777);
bind($in, pack_sockaddr_un($path)) or fail("$path: $!");
my $own = (stat($path))[1];
if ($group ne '') {
  my $gid = getgrnam($group);
  defined($gid) or fail("there is no group $group");
  chown(-1, $gid, $path) or fail("$path cannot be given to the group $group: $!");
}
chmod(oct($mode), $path) or fail("$path: $!");

sub finish {
  my $now = (lstat($path))[1];
  unlink($path) if defined($now) && $now == $own;
  exit 0;
}

sub hand_over {
  my ($octets) = @_;
  my $at = 0;
  while ($at < length($octets)) {
    my $written = syswrite(STDOUT, $octets, length($octets) - $at, $at);
    if (defined($written)) { $at += $written } elsif (!$!{EINTR}) { finish() }
  }
}

hand_over(pack('N', ${READY}));
my $watched = '';
vec($watched, fileno(STDIN), 1) = 1;
vec($watched, fileno($in), 1) = 1;
while (1) {
  my $found = $watched;
  my $count = select($found, undef, undef, undef);
  next if $count < 0 && $!{EINTR};
  finish() if $count < 0 || vec($found, fileno(STDIN), 1);
  # All that waits, up to a bound, in one go: an MTA that delivers much sends faster than single calls can take it.
  my $frames = '';
  my $datagram;
  while (length($frames) < $most && defined(recv($in, $datagram, $most + 1, MSG_DONTWAIT))) {
    $frames .= length($datagram) > $most ? pack('N', ${TOO_LONG}) : pack('N', length($datagram)) . $datagram;
  }
  hand_over($frames);
}
`;
