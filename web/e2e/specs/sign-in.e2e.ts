import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { everyLook, expectAccessible, setLanguage } from '../lib/look';
import type { Schema } from '../lib/service';
import { EMAILS, PASSWORD } from '../lib/service';
import { totp } from '../lib/totp';
import { useWorld } from '../lib/world';

const world = useWorld();

async function fillSignIn(page: Page, password = PASSWORD, email = EMAILS.Administrator) {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

const signedIn = (page: Page) => page.getByRole('button', { name: /^Account of/ }).waitFor();

test('a wrong password is refused in words, the right one leads to where one wanted to go', async () => {
  const page = await world.open('/users');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await everyLook(page, 'sign-in');
  await fillSignIn(page, 'not the password');
  await page.getByRole('alert').getByText('the password is wrong').waitFor();
  await expectAccessible(page, 'wrong password');
  await fillSignIn(page);
  await page.getByRole('heading', { name: 'Users' }).waitFor();
  await page.getByRole('cell', { name: EMAILS.Administrator }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/users');
});

test('a page behind the sign-in by keyboard alone', async () => {
  const page = await world.open('/sign-in');
  await page.getByLabel('E-mail').focus();
  await page.keyboard.type(EMAILS.Administrator);
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await signedIn(page);
  // A load from scratch: the first thing that Tab reaches is the way past the navigation.
  await page.reload();
  await signedIn(page);
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
  // The account menu: opened, walked and left by keys.
  await page.getByRole('button', { name: /^Account of/ }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'My account' }).waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('My account');
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Sign out');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(await page.getByText('Your session has ended').count()).toBe(0);
});

test('the second factor: a wrong code, the right one, a recovery code once', async () => {
  const email = EMAILS.Analyst;
  const begun = await world.service.post<Schema<'TotpSecret'>>(
    '/api/session/totp',
    { password: PASSWORD },
    'Analyst',
  );
  const secret = begun.secret;
  const confirmed = await world.service.post<Schema<'RecoveryCodes'>>(
    '/api/session/totp/confirm',
    { code: totp(secret) },
    'Analyst',
  );
  const recovery = String(confirmed.recovery_codes[0]);

  const page = await world.open('/sign-in');
  await fillSignIn(page, PASSWORD, email);
  await page.getByRole('heading', { name: 'Second factor' }).waitFor();
  await expect.poll(() => page.getByLabel('Code').evaluate((e) => e === document.activeElement)).toBe(true);
  await everyLook(page, 'second-factor');
  await page.getByLabel('Code').fill('000000');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('The code is wrong.').or(page.getByText('That took too long')).first().waitFor();
  if ((await page.getByLabel('Code').count()) === 0) await fillSignIn(page, PASSWORD, email);
  await page.getByLabel('Code').fill(totp(secret, 1));
  await page.getByRole('button', { name: 'Continue' }).click();
  await signedIn(page);

  const other = await world.open('/sign-in');
  for (const good of [true, false]) {
    await fillSignIn(other, PASSWORD, email);
    await other.getByRole('button', { name: 'Use a recovery code' }).click();
    await other.getByLabel('Recovery code').fill(recovery);
    await other.getByRole('button', { name: 'Continue' }).click();
    if (!good) break;
    await signedIn(other);
    await other.context().clearCookies();
    await other.goto('/sign-in');
  }
  await other.getByRole('alert').getByText('The code is wrong.').waitFor();
});

test('the language turns everything around, and is remembered', async () => {
  const page = await world.open('/users', { role: 'Administrator' });
  await page.getByRole('heading', { name: 'Users' }).waitFor();
  const edge = () =>
    page
      .getByRole('navigation')
      .last()
      .evaluate((nav) => nav.getBoundingClientRect().left);
  expect(await edge()).toBe(0);
  await setLanguage(page, 'he');
  await page.getByRole('heading', { name: 'משתמשים' }).waitFor();
  expect(await page.locator('html').getAttribute('dir')).toBe('rtl');
  await expect.poll(edge).toBeGreaterThan(1000);
  await page.reload();
  await page.getByRole('heading', { name: 'משתמשים' }).waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe('he');
});

test('the browser says which language comes first', async () => {
  const page = await world.open('/sign-in', { language: 'he' });
  await page.getByRole('heading', { name: 'כניסה' }).waitFor();
});

test('an access token that ran out is renewed without a word', async () => {
  const page = await world.open('/users', { role: 'Administrator' });
  await page.getByRole('heading', { name: 'Users' }).waitFor();
  await page.context().clearCookies({ name: 'kolcast_access' });
  await page.reload();
  await page.getByRole('cell', { name: EMAILS.Administrator }).waitFor();
  // A change with the new session's own CSRF token.
  await page.context().clearCookies({ name: 'kolcast_access' });
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('a session that ended leads to the sign-in and back', async () => {
  const page = await world.open('/users', { role: 'Administrator' });
  await page.getByRole('heading', { name: 'Users' }).waitFor();
  await page.context().clearCookies();
  // What the next page asks for is refused.
  await page.getByRole('link', { name: 'My account' }).first().click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await fillSignIn(page);
  await page.getByRole('heading', { name: 'My account' }).waitFor();
});

test('a session that another device ended is noticed and told', async () => {
  const page = await world.open('/users', { role: 'CampaignManager' });
  await page.getByRole('heading', { name: 'This page is not for your role' }).waitFor();
  expect(await page.getByRole('link', { name: 'Users' }).count()).toBe(0);
  // All sessions end by the administrator's hand; the live connection hears of it.
  const users = await world.service.get<Schema<'UserPage'>>('/api/users');
  const me = users.items.find((user) => user.email === EMAILS.CampaignManager);
  await world.service.as('Administrator', 'DELETE', `/api/users/${String(me?.id)}`);
  await page.getByText('Your session has ended.').waitFor();
});

test('a service that fails: words, a number to give, and "try again" that works', async () => {
  const page = await world.open('/account', { role: 'Administrator' });
  await page.getByRole('heading', { name: 'My account' }).waitFor();
  await page.route('**/api/users?*', (route) =>
    route.fulfill({
      status: 500,
      headers: { 'content-type': 'application/problem+json', 'x-request-id': 'r7' },
      body: JSON.stringify({
        type: 'about:blank',
        title: 'Internal',
        status: 500,
        detail: 'the disk is full',
      }),
    }),
  );
  await page.getByRole('link', { name: 'Users' }).first().click();
  const alert = page.getByRole('alert');
  await alert.getByText('Something went wrong on the server.').waitFor();
  await alert.getByText('r7').waitFor();
  await everyLook(page, 'server-error', () => page.getByRole('alert').waitFor());
  await page.unroute('**/api/users?*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('cell', { name: EMAILS.Administrator }).waitFor();
});

test('a lost connection is seen, and comes back by itself', async () => {
  const page = await world.open('/users', { role: 'Administrator' });
  await page.getByRole('heading', { name: 'Users' }).waitFor();
  await world.service.stop();
  try {
    await page.getByText('The live connection is lost.').waitFor();
    await everyLook(page, 'connection-lost');
  } finally {
    await world.service.start();
  }
  await page.getByText('The live connection is lost.').waitFor({ state: 'detached' });
});

test('pages that are not there say so', async () => {
  const page = await world.open('/no/such/page', { role: 'Administrator' });
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  await everyLook(page, 'absent');
});

test('an invitation is taken up, its link is good once', async () => {
  const invited = await world.service.post<Schema<'InvitedUser'>>('/api/users', {
    email: 'noa@example.org',
    role: 'Analyst',
    name: 'Noa',
  });
  const link = String(invited.invitation.link);
  const path = link.slice(link.indexOf('/invite'));
  const page = await world.open(path);
  await page.getByRole('heading', { name: 'Welcome, Noa' }).waitFor();
  await everyLook(page, 'invitation');
  await page.getByLabel('New password').fill('short');
  await page.getByRole('button', { name: 'Save and sign in' }).click();
  await page.getByText('At least 12 characters').waitFor();
  await page.getByLabel('New password').fill('another long enough passphrase');
  await page.getByRole('button', { name: 'Save and sign in' }).click();
  await signedIn(page);
  const again = await world.open(path);
  await again.getByRole('heading', { name: 'This link is not good any more' }).waitFor();
  await expectAccessible(again, 'used link');
});

test('a forgotten password: the answer never says whether there is such an account', async () => {
  const page = await world.open('/forgot-password');
  await page.getByRole('heading', { name: 'Set a new password' }).waitFor();
  await everyLook(page, 'forgot-password');
  await page.getByLabel('E-mail').fill('nobody@example.org');
  await page.getByRole('button', { name: 'Send the link' }).click();
  await page.getByText('If there is an account with nobody@example.org').waitFor();
});
