/* Users, API keys, settings, the audit trail, one's own account. */
import { expect, test } from 'vitest';
import { everyLook, expectAccessible } from '../lib/look';
import type { Schema } from '../lib/service';
import { PASSWORD } from '../lib/service';
import { totp } from '../lib/totp';
import { useWorld } from '../lib/world';

const world = useWorld();

test('somebody is invited, gets another role, and is removed', async () => {
  const page = await world.open('/users', { role: 'Administrator' });
  await page.getByRole('button', { name: 'Invite somebody' }).click();
  await expectAccessible(page, 'invite');
  await page.getByLabel('Name').fill('Noa Bar');
  await page.getByLabel('E-mail').fill('noa@example.org');
  await page.getByRole('button', { name: 'Invite', exact: true }).click();
  const link = page.getByRole('textbox', { name: 'Link' });
  await link.waitFor();
  expect(await link.inputValue()).toMatch(/^http:.*\/invite#/);
  await expectAccessible(page, 'invitation link');
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('cell', { name: 'Noa Bar', exact: true }).waitFor();
  await everyLook(page, 'users');

  const act = async (action: string) => {
    await page.getByRole('button', { name: 'Actions for Noa Bar' }).click();
    await page.getByRole('menuitem', { name: action, exact: true }).click();
  };
  await act('Edit');
  await page.getByRole('combobox', { name: 'Role' }).click();
  await page.getByRole('option', { name: 'Analyst' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row', { name: /Noa Bar.*Analyst/ }).waitFor();
  await act('Remove');
  await expectAccessible(page, 'remove');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('Noa Bar was removed').waitFor();
  const users = await world.service.get<Schema<'UserPage'>>('/api/users');
  expect(users.items.map((user) => user.email)).not.toContain('noa@example.org');
});

test('an API key is made, works, and is revoked', async () => {
  const page = await world.open('/keys', { role: 'Administrator' });
  await page.getByRole('heading', { name: 'No keys yet' }).waitFor();
  await page.getByRole('button', { name: 'Make a key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Make a key' }).click();
  await dialog.getByText('Choose at least one').waitFor();
  await dialog.getByLabel('Name').fill('CRM');
  await dialog.getByRole('checkbox', { name: 'campaigns:read' }).check();
  await expectAccessible(page, 'make a key');
  await dialog.getByRole('button', { name: 'Make a key' }).click();
  const secret = await page.getByLabel('Key', { exact: true }).inputValue();
  const authorization = `Bearer ${secret}`;
  await world.service.call('GET', '/api/campaigns', undefined, { authorization });
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('cell', { name: 'CRM' }).waitFor();
  await everyLook(page, 'keys');
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('CRM was revoked').waitFor();
  await expect(world.service.call('GET', '/api/campaigns', undefined, { authorization })).rejects.toThrow(
    '401',
  );
});

test('settings are kept, and a change of somebody else is not overwritten', async () => {
  const page = await world.open('/settings', { role: 'Administrator' });
  const name = page.getByLabel('Organisation');
  await name.waitFor();
  await everyLook(page, 'settings');
  const other = await world.open('/settings', { role: 'Administrator' });
  await other.getByLabel('Organisation').fill('The other one');
  await name.fill('Food for all');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved').waitFor();
  await other.getByRole('button', { name: 'Save' }).click();
  await other.getByText('Somebody else changed this meanwhile.').waitFor();
  const settings = await world.service.get<Schema<'Settings'>>('/api/settings');
  expect(settings.organization).toBe('Food for all');
});

test('the audit trail tells what was done, and is filtered', async () => {
  const page = await world.open('/audit', { role: 'Administrator' });
  await page.getByRole('cell', { name: 'settings.update' }).first().waitFor();
  await everyLook(page, 'audit');
  await page.getByLabel('Action').fill('no.such.action');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
  await page.goBack();
  await page.getByRole('cell', { name: 'settings.update' }).first().waitFor();
});

test('the own account: second factor with its QR code, sessions, password', async () => {
  const page = await world.open('/account', { role: 'CampaignManager' });
  await page.getByText('This browser').waitFor();
  await everyLook(page, 'account');
  await page.getByRole('button', { name: 'Switch it on' }).click();
  await page.getByRole('dialog').getByLabel('Current password').fill('wrong');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('dialog').getByRole('alert').or(page.locator('[aria-invalid=true]')).first().waitFor();
  await page.getByRole('dialog').getByLabel('Current password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('img', { name: 'QR code' }).waitFor();
  await expectAccessible(page, 'account with QR code');
  const secret = await page.getByLabel('Secret').inputValue();
  await page.getByLabel('Code', { exact: true }).fill(totp(secret));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByText('On', { exact: true }).waitFor();

  await page.getByRole('button', { name: 'Sign out there' }).first().click();
  await page.getByText('Signed out there').waitFor();
  await page.getByLabel('Current password').fill(PASSWORD);
  await page.getByLabel('New password').fill('quite another passphrase for this');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('The password was changed').waitFor();
});
