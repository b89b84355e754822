/** Where to go after the sign-in: a path of ours, never another server's ("//evil.example"). */
export function safeReturn(then: string | null): string {
  if (!then || !/^\/(?![/\\])/.test(then)) return '/';
  return new URL(then, 'http://here.invalid').host === 'here.invalid' ? then : '/';
}
