import { expect, test } from 'vitest';
import { everyLook, expectAccessible } from '../lib/look';
import type { Schema } from '../lib/service';
import { PASSWORD } from '../lib/service';
import { useWorld } from '../lib/world';

const world = useWorld({ setUp: false });

test('without its token the set-up says where the link is', async () => {
  const page = await world.open('/setup');
  await page.getByRole('heading', { name: 'The link is not complete' }).waitFor();
  await page.goto('/');
  await page.getByText('There is no administrator yet.').waitFor();
  await expectAccessible(page, 'sign-in before set-up');
});

test('the first administrator sets everything up, and signs in afterwards', async () => {
  const page = await world.open(`/setup#${world.service.setupToken}`);
  const create = page.getByRole('button', { name: 'Create the account' });
  await create.waitFor();
  await everyLook(page, 'setup');

  await create.click();
  await expect.poll(() => page.getByText('Fill this in').count()).toBe(3);
  await page.getByLabel('Your name').fill('Dana Levi');
  await page.getByLabel('E-mail').fill('dana@example.org');
  await page.getByLabel('Password', { exact: true }).fill('123456789012345');
  await create.click();
  // The service refuses what is easily guessed; its word stands at the field.
  await page.getByLabel('Password', { exact: true }).and(page.locator('[aria-invalid=true]')).waitFor();
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await create.click();

  await page.getByRole('heading', { name: 'Your organisation' }).waitFor();
  await page.getByLabel('Name', { exact: true }).fill('Food for all');
  await page.getByRole('combobox', { name: 'Country of phone numbers' }).fill('Isra');
  await page.getByRole('option', { name: 'Israel' }).click();
  expect(await page.getByRole('combobox', { name: 'Time zone' }).inputValue()).toBe('Asia/Jerusalem');
  await page.getByRole('button', { name: 'Continue' }).click();

  await page.getByRole('heading', { name: 'Telephone line' }).waitFor();
  await everyLook(page, 'setup-trunk');
  await page.getByLabel('Name', { exact: true }).fill('main line');
  await page.getByLabel('Server').fill('sip.example.org');
  await page.getByLabel('User').fill('kolcast');
  await page.getByLabel('Password', { exact: true }).fill('secret');
  await page.getByRole('button', { name: 'Add the line' }).click();
  await page.getByRole('link', { name: 'To the start page' }).click();
  await page.getByRole('navigation').first().waitFor();

  const signedIn = await world.service.call<Schema<'SignedIn'>>('POST', '/api/sessions', {
    email: 'dana@example.org',
    password: PASSWORD,
  });
  const headers = { authorization: `Bearer ${String(signedIn.access_token)}` };
  const settings = await world.service.call('GET', '/api/settings', undefined, headers);
  expect(settings).toMatchObject({ organization: 'Food for all', region: 'IL', time_zone: 'Asia/Jerusalem' });
  const trunks = await world.service.call<Schema<'TrunkPage'>>('GET', '/api/trunks', undefined, headers);
  expect(trunks.items).toMatchObject([{ name: 'main line', host: 'sip.example.org', register: true }]);
});

test('a second set-up is not possible', async () => {
  const page = await world.open(`/setup#${world.service.setupToken}`);
  await page.getByRole('heading', { name: 'Set-up was done already' }).waitFor();
});
