// Opens the playground as a user would and checks what a user would see. Started by browser_test.go, which passes
// PLAYGROUND_URL, PLAYGROUND_KEY, CHROMIUM and ARTIFACTS. Exits with 1 and says why if something is wrong.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const { PLAYGROUND_URL, PLAYGROUND_KEY, CHROMIUM, ARTIFACTS } = process.env;
const origin = new URL(PLAYGROUND_URL).origin;
const profile = mkdtempSync(join(tmpdir(), 'entwine-browser-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: CHROMIUM,
  headless: true,
  colorScheme: 'light',
  viewport: { width: 1360, height: 800 },
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});

const complaints = []; // of the page, its workers and its policy
const foreign = []; // requests that leave the gateway
const sent = []; // Authorization headers that reached /graphql
context.on('request', (request) => {
  const url = request.url();
  if (!url.startsWith(`${origin}/`) && !url.startsWith('blob:') && !url.startsWith('data:')) foreign.push(url);
  if (url === `${origin}/graphql`) sent.push(request.headers().authorization);
});
context.on('response', (response) => {
  if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
});
context.on('weberror', (error) => complaints.push(String(error.error())));
context.on('console', (message) => {
  if (message.type() === 'error' || message.type() === 'warning') complaints.push(`${message.type()}: ${message.text()}`);
});

try {
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(30_000);
  const response = await page.goto(PLAYGROUND_URL);

  const policy = response.headers()['content-security-policy'] ?? '';
  assert.match(policy, /default-src 'none'/, 'the page is served without a content security policy');
  assert.doesNotMatch(policy, /script-src[^;]*(unsafe|\*|http)/, 'the policy lets foreign or inline scripts in');

  const editor = page.locator('.graphiql-query-editor .view-lines');
  await editor.waitFor();
  await page.locator('.graphiql-editor-tool .view-lines').filter({ hasText: 'Authorization' }).waitFor();
  const headers = await page.locator('.graphiql-editor-tool').innerText();
  assert.ok(headers.includes(PLAYGROUND_KEY), 'the headers pane lacks the development key');
  assert.notEqual(await page.title(), 'GraphQL playground', 'the title does not name the application');
  const tabs = await page.locator('.graphiql-tab').count();
  assert.ok(tabs >= 2, `${tabs} tabs are open; the examples are missing`);

  // Scripts that do not come from the gateway must not run, whoever puts them there. The violation itself is expected.
  const before = complaints.length;
  const ran = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.injected = true';
    document.head.append(script);
    return Boolean(window.injected);
  });
  assert.equal(ran, false, 'an inline script ran');
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  complaints.splice(before);

  // Every example works.
  const answer = page.locator('.graphiql-response .view-lines');
  let text;
  for (let tab = 0; tab < tabs; tab++) {
    await page.locator('.graphiql-tab-button').nth(tab).click();
    await page.locator('.graphiql-execute-button').click();
    await answer.filter({ hasText: /"(data|errors)"/ }).waitFor();
    text = (await answer.innerText()).replaceAll('\u00a0', ' ');
    assert.doesNotMatch(text, /"errors"/, `example ${tab + 1} fails:\n${text}`);
    if (tab === 0) await page.screenshot({ path: join(ARTIFACTS, 'playground-light.png') });
  }
  await page.locator('.graphiql-tab-button').first().click();
  assert.ok(sent.length > tabs && sent.every((header) => header === `Bearer ${PLAYGROUND_KEY}`), `a request went without the key: ${sent}`);

  // Dark and light: the system's choice is followed, and can be overruled.
  const background = () => page.evaluate(() => getComputedStyle(document.querySelector('.graphiql-container')).backgroundColor);
  const light = await background();
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await background();
  assert.notEqual(dark, light, 'the page does not follow a dark system');
  await page.locator('.graphiql-query-editor .monaco-editor.vs-dark').waitFor();
  await page.screenshot({ path: join(ARTIFACTS, 'playground-dark.png') });
  await page.locator('button[aria-label="Open settings dialog"]').click();
  await page.getByRole('button', { name: 'Light', exact: true }).click();
  assert.equal(await background(), light, 'the page cannot be switched to light');
  await page.getByRole('button', { name: 'Dark', exact: true }).click();
  await page.emulateMedia({ colorScheme: 'light' });
  assert.equal(await background(), dark, 'the page cannot be switched to dark');
  await page.locator('.graphiql-query-editor .monaco-editor.vs-dark').waitFor();
  await page.keyboard.press('Escape');

  // Tabs survive a reload, and so does the key, although it is never stored.
  await page.reload();
  await page.locator('.graphiql-editor-tool .view-lines').filter({ hasText: PLAYGROUND_KEY }).waitFor();
  assert.equal(await page.locator('.graphiql-tab').count(), tabs, 'a reload changed the tabs');
  assert.match(await editor.innerText(), /\{/, 'the operation was lost by a reload');
  const stored = await page.evaluate(() => JSON.stringify(localStorage));
  assert.ok(!stored.includes(PLAYGROUND_KEY), 'the key was written into the browser\'s storage');

  assert.deepEqual(foreign, [], 'requests left the gateway');
  assert.deepEqual(complaints, [], 'the browser complained');
  console.log(`${tabs} tabs, ${sent.length} requests to /graphql, result:\n${text.slice(0, 400)}`);
} catch (error) {
  console.error(error.message);
  console.error({ complaints, foreign });
  const page = context.pages()[0];
  await page?.screenshot({ path: join(ARTIFACTS, 'playground-failed.png') }).catch(() => {});
  process.exitCode = 1;
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
