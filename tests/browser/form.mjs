// Fills in the form of the documentation as somebody would who makes mistakes. Started by browser_test.go, which passes FORM_URL,
// FORM_KEY and CHROMIUM. Exits with 1 and says why if something is wrong.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const { FORM_URL, FORM_KEY, CHROMIUM } = process.env;
const browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] });
const complaints = [];

try {
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(FORM_URL);

  // errors returns what is shown beside each control, by its name.
  const errors = () =>
    page.$$eval('[aria-invalid="true"]', (controls) =>
      Object.fromEntries(controls.map((c) => [c.name, document.getElementById(c.getAttribute('aria-describedby')).textContent])));
  const submit = async () => {
    const answered = page.waitForResponse((r) => r.url().endsWith('/graphql') && r.request().method() === 'POST');
    await page.getByRole('button', { name: 'Create' }).click();
    await (await answered).finished();
    await page.waitForFunction(() => document.querySelector('[aria-invalid]') || document.querySelector('#summary').textContent || document.querySelector('#done').textContent);
  };
  const fill = (label, text) => page.getByLabel(label, { exact: true }).fill(text);

  await fill('Title', 'Mine');
  await fill('Slug', 'from-a-form');
  await fill('Text', '<p>b</p>');
  await fill('Tag 1', 'from-a-form');
  await submit();
  assert.deepEqual(await errors(), {}, 'a stranger is told of values');
  assert.notEqual(await page.locator('#summary').textContent(), '', 'a stranger is not told that they may not do this');

  // All that is wrong is shown at once, deep below too.
  await fill('Key', FORM_KEY);
  await fill('Title', '');
  await page.getByRole('button', { name: 'Another tag' }).click();
  await fill('Tag 2', 'x'.repeat(101));
  await submit();
  assert.deepEqual(await errors(), { title: 'is too short', 'tags.create.1.name': 'is too long' });
  assert.equal(await page.evaluate(() => document.activeElement.name), 'title', 'the first control with an error has no focus');

  // What is taken is known to the database only: acorn is a tag of the demo data.
  await fill('Title', 'Mine');
  await fill('Tag 2', 'acorn');
  await submit();
  assert.deepEqual(await errors(), { 'tags.create.1.name': 'This value is already in use.' });

  await fill('Tag 2', 'from-a-form-too');
  await submit();
  assert.deepEqual(await errors(), {});
  assert.equal(await page.locator('#done').textContent(), '“Mine” is there.');

  // Nothing of what was refused is there, and what was created is.
  await submit();
  assert.deepEqual(await errors(), {
    slug: 'This value is already in use.',
    'tags.create.0.name': 'This value is already in use.',
    'tags.create.1.name': 'This value is already in use.',
  });
  assert.deepEqual(complaints, []);
  console.log('the form shows each error beside its control');
} finally {
  await browser.close();
}
