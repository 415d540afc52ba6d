// What a reader can play with. Every page can be read without this file: it finds its data in the
// tables and lists that the page shows anyway, and adds buttons to them.
//
// - a table whose first column is `step` becomes a stepper;
// - a heading such as `Unlocked: 6 orders, 4 bad`, with those orders below it, becomes a game; the lines of
//   both threads, which stand before it, and the record of what was so after each step move into it;
// - a list before a closed answer becomes a choice;
// - a timeline, the picture of a run, can be drawn larger along its time.
//
// There are no ids, for a page may show one table twice. Nothing is fetched; the stars of the game are stored
// in this browser alone.
'use strict';

(() => {
    const WHERE = 'where';

    /** An element with its attributes and children; `on…` are listeners. */
    function make(tag, attributes = {}, ...children) {
        const element = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) {
            if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
            else element.setAttribute(name, value);
        }
        element.append(...children);
        return element;
    }

    /** A button stays focusable when it has nothing to do: a focus that vanishes is lost to the keyboard. */
    function button(words, title, act) {
        return make('button', { type: 'button', title, onclick: act }, words);
    }

    function enable(element, isEnabled) {
        element.setAttribute('aria-disabled', String(!isEnabled));
    }

    /** The part of the page that a screen reader reads out when it changes. */
    const announcer = () => make('p', { class: 'said', role: 'status', 'aria-live': 'polite' });

    /**
     * Calls the action of a key, and keeps the key from mdBook, to which a bare arrow means another
     * chapter.
     */
    function onKeys(box, actionOf) {
        box.addEventListener('keydown', event => {
            if (event.altKey || event.ctrlKey || event.metaKey) return;
            const action = actionOf(event.key);
            if (!action) return;
            event.preventDefault();
            event.stopPropagation();
            action();
        });
    }

    const textOf = element => element.textContent.trim();
    const cellsOf = row => [...row.cells].map(textOf);
    const ended = words => words + (/[.!?]$/.test(words) ? '' : '.');
    const sentence = words => words.charAt(0).toUpperCase() + ended(words).slice(1);
    const namesIn = table => cellsOf(table.tHead.rows[0]).slice(1);
    const isStepTable = table => table.tHead && table.tBodies.length && textOf(table.tHead.rows[0].cells[0]) === 'step';

    // The stepper -----------------------------------------------------------------------------------

    /** "A: reads 0", and the place in the source where the table names it. */
    function wordsOf(row, names) {
        const cells = cellsOf(row).slice(1);
        const did = names
            .map((name, index) => [name, cells[index]])
            .filter(([name, words]) => name !== WHERE && words)
            .map(([name, words]) => `${name}: ${words}`);
        const where = cells[names.indexOf(WHERE)];
        return did.join('; ') + (where ? ` (${where})` : '');
    }

    /** What the only busy thread of a row does; the last column is the place in the source. */
    function deed(row, names) {
        const cells = [...row.cells].slice(1, names.at(-1) === WHERE ? -1 : undefined);
        const at = cells.findIndex(cell => textOf(cell));
        return { at, cell: cells[at], words: at < 0 ? '' : textOf(cells[at]) };
    }

    /** A row that says that much; the numbers of its steps stay those of the record. */
    function tell(row, number, cell, words) {
        row.cells[0].textContent = number;
        cell.textContent = words;
    }

    /**
     * A lock that is taken and given back at once is one row, and of many such rows of one thread the first
     * and the last two stay: the others decide nothing.
     */
    function foldPairs(table, names) {
        const all = [...table.tBodies[0].rows];
        const pairs = new Set();
        for (let index = 0; index + 1 < all.length; index += 1) {
            const [one, two] = [deed(all[index], names), deed(all[index + 1], names)];
            const taken = /^takes the (.*)$/.exec(one.words);
            const given = /^gives the (.*) back$/.exec(two.words);
            if (!taken || !given || one.at !== two.at || taken[1] !== given[1]) continue;
            tell(all[index], `${textOf(all[index].cells[0])}–${textOf(all[index + 1].cells[0])}`, one.cell, `takes the ${taken[1]}, gives it back`);
            all[index + 1].remove();
            pairs.add(all[index]);
            index += 1;
        }
        const rows = [...table.tBodies[0].rows];
        for (let from = 0; from < rows.length; from += 1) {
            const { at } = deed(rows[from], names);
            let to = from;
            while (to < rows.length && pairs.has(rows[to]) && deed(rows[to], names).at === at) to += 1;
            const dull = rows.slice(from + 1, Math.max(from + 1, to - 2));
            if (dull.length > 1) {
                const number = `${textOf(dull[0].cells[0]).split('–')[0]}–${textOf(dull.at(-1).cells[0]).split('–').at(-1)}`;
                tell(dull[0], number, deed(dull[0], names).cell, `takes ${dull.length} more locks, one at a time`);
                if (names.at(-1) === WHERE) dull[0].cells[names.length].textContent = '';
                for (const row of dull.slice(1)) row.remove();
            }
            from = Math.max(from, to - 1);
        }
    }

    /** A bar beside what a thread does while it has a lock, and a mark where it waits for ever. */
    function drawLocks(table, names) {
        const held = new Map();
        for (const row of table.tBodies[0].rows) {
            const { at, cell, words } = deed(row, names);
            if (cell?.querySelector('strong')) cell.classList.add('for-ever');
            const taken = /^(?:wakes up, )?takes the ([^,]*)$/.exec(words) ?? /^takes (lock \d+)$/.exec(words);
            const given = /gives the (.*) back(?:: for ever)?$/.exec(words) ?? /^gives (lock \d+) back$/.exec(words);
            const both = /, gives it back$/.test(words);
            const locks = held.get(at) ?? held.set(at, new Set()).get(at);
            if (taken) locks.add(taken[1]);
            for (const [thread, its] of held) if (its.size) row.cells[thread + 1].classList.add('holds');
            if (both && cell) cell.classList.add('holds');
            if (given) locks.delete(given[1]);
        }
    }

    function stepper(table, end) {
        if (!table.closest('.game')) {
            foldPairs(table, namesIn(table));
            drawLocks(table, namesIn(table));
        }
        const rows = [...table.tBodies[0].rows];
        const names = namesIn(table);
        const said = announcer();
        const frame = table.closest('.table-wrapper') ?? table;
        let at = 0;

        const back = button('Back', 'one step back (left arrow)', () => go(at - 1));
        const next = button('Step', 'one step on (right arrow)', () => go(at + 1));
        const first = button('Start', 'to the start (Home)', () => go(0));
        const last = button('End', 'to the last step (End)', () => go(rows.length));
        const bar = make('div', { class: 'bar', role: 'group', 'aria-label': 'Step through this table' }, first, back, next, last);
        const box = make('div', { class: 'stepper' });
        frame.before(box);
        box.append(bar, said, frame);
        // A table that scrolls sideways must be reachable, and then its arrows step.
        frame.tabIndex = 0;
        frame.setAttribute('role', 'group');
        frame.setAttribute('aria-label', 'Steps; the arrow keys go through them');

        // A long path may break after a slash, and not within a name.
        const where = names.indexOf(WHERE) + 1;
        for (const cell of where ? rows.map(row => row.cells[where]) : []) {
            cell.classList.add('where');
            if (textOf(cell).length < 28) continue;
            const parts = textOf(cell).split('/');
            cell.replaceChildren(...parts.flatMap((part, index) => (index ? ['/', make('wbr'), part] : [part])));
        }

        function go(to) {
            at = Math.max(0, Math.min(rows.length, to));
            rows.forEach((row, index) => {
                row.classList.toggle('now', index === at - 1);
                row.classList.toggle('later', at > 0 && index >= at);
                if (index === at - 1) row.setAttribute('aria-current', 'step');
                else row.removeAttribute('aria-current');
            });
            for (const [element, isEnabled] of [[first, at > 0], [back, at > 0], [next, at < rows.length], [last, at < rows.length]]) {
                enable(element, isEnabled);
            }
            const isFolded = rows.some(row => textOf(row.cells[0]).includes('–'));
            const count = isFolded
                ? `${rows.length} moves: a lock that is taken and given back at once is one`
                : `${rows.length} step${rows.length === 1 ? '' : 's'}`;
            if (at === 0) {
                said.textContent = count;
                return;
            }
            const over = at === rows.length && end ? ` ${sentence(end)}` : '';
            said.textContent = `Step ${at} of ${rows.length}. ${ended(wordsOf(rows[at - 1], names))}${over}`;
            // Instantly: nothing here moves that the reader has not moved.
            rows[at - 1].scrollIntoView({ block: 'nearest', behavior: 'instant' });
        }

        const keys = {
            ArrowLeft: () => go(at - 1),
            ArrowRight: () => go(at + 1),
            Home: () => go(0),
            End: () => go(rows.length),
        };
        onKeys(box, key => keys[key]);
        go(0);
    }

    /** What a reader has won. A browser that stores nothing loses nothing else. */
    const memory = {
        get(name) {
            try { return JSON.parse(localStorage.getItem(`threadproof.${name}`)) ?? {}; } catch { return {}; }
        },
        set(name, value) {
            try { localStorage.setItem(`threadproof.${name}`, JSON.stringify(value)); } catch { /* no memory */ }
        },
    };

    // The game --------------------------------------------------------------------------------------

    /** The orders below a heading: the letters, the words of each step, the end, and the elements that tell it. */
    function ordersBelow(heading) {
        const orders = [];
        for (let at = heading.nextElementSibling; at && !/^H[1-6]$/.test(at.tagName); at = at.nextElementSibling) {
            const told = /^([A-Z]+) is (good|bad): (.*)$/s.exec(textOf(at));
            const frame = at.nextElementSibling;
            const table = frame?.querySelector('table');
            if (at.tagName !== 'P' || !told || !table || !isStepTable(table)) continue;
            const names = namesIn(table);
            const steps = [...table.tBodies[0].rows].map(row => cellsOf(row).slice(1).find(words => words) ?? '');
            orders.push({ letters: told[1], isBad: told[2] === 'bad', end: told[3], names, steps, table, elements: [at, frame] });
        }
        return orders;
    }

    /** The lines of each thread, and the record of every order: what the generator has seen. Nothing, if it is not there. */
    function programOf(version) {
        const program = [...document.querySelectorAll('main .program[data-version]')]
            .find(one => one.dataset.version.toLowerCase() === version.toLowerCase());
        if (!program) return undefined;
        const { before, orders } = JSON.parse(program.dataset.record);
        const lanes = [...program.querySelectorAll('.thread')].map(thread => {
            const shown = thread.querySelector('code').textContent.trimEnd().split('\n');
            const indented = Math.min(...shown.map(line => line.search(/\S/)));
            const lines = shown.map(line => {
                const indent = `--indent: ${line.search(/\S/) - indented}ch`;
                return make('li', {}, make('code', { style: indent }, line.trimStart()));
            });
            const name = textOf(thread.querySelector('.thread-name'));
            return { lines, element: make('div', { class: 'thread' }, make('p', { class: 'thread-name' }, name), make('ol', { class: 'lines' }, ...lines)) };
        });
        program.remove();
        return { before, orders, lanes };
    }

    function game(heading) {
        const promised = /: (\d+) orders?, (?:all good|(\d+) bad)$/.exec(textOf(heading));
        const orders = promised ? ordersBelow(heading) : [];
        const bad = orders.filter(order => order.isBad);
        // A table that was not understood would be a game that lies. The plain page does not.
        if (!orders.length || orders.length !== Number(promised[1]) || bad.length !== Number(promised[2] ?? 0)) return;
        // How many are bad is for the reader to find.
        const told = textOf(heading);
        const version = told.slice(0, told.lastIndexOf(':'));
        (heading.querySelector('a') ?? heading).textContent = version;
        const names = orders[0].names;
        const found = new Set();
        let path = '';

        const program = programOf(version);
        const shared = make('ul', { class: 'shared', 'aria-label': 'What is so now' });
        const code = program ? [make('div', { class: 'program' }, ...program.lanes.map(lane => lane.element))] : [];
        const taken = make('ol', { class: 'taken', 'aria-label': 'Steps taken' });
        const said = announcer();
        const players = names.map(name => {
            const state = make('span', { class: 'state' });
            const element = button(`Step ${name}`, `the next step is ${name}'s (key ${name.toLowerCase()})`, () => run(name));
            element.append(' ', state);
            return { name, state, element };
        });
        const undo = button('Undo', 'take the last step back (left arrow)', () => show(path.slice(0, -1)));
        const again = button('Start over', 'from the start (Home)', () => show(''));
        const hint = button('Hint', 'which thread leads to a bad order from here', () => help());
        const judge = button(bad.length ? 'These are all bad orders' : 'It cannot be broken', 'your judgement', () => decide());
        const stars = make('span', { class: 'stars', role: 'img' });
        const tally = make('p', { class: 'tally' });
        const marks = make('ul', { class: 'marks', 'aria-label': 'Orders found' });
        const invitation = bad.length
            ? 'You are the scheduler. Who takes the next step? Try to break it.'
            : 'You are the scheduler again. Try to break this one, too.';
        const box = make('div', { class: bad.length ? 'game can-lose' : 'game', role: 'group', 'aria-label': `Be the scheduler: ${version}` },
            make('p', { class: 'invitation' }, invitation),
            make('div', { class: 'bar' }, ...players.map(player => player.element), undo, again),
            said,
            ...code,
            make('div', { class: 'so-far' }, shared, taken),
            make('div', { class: 'found' }, tally, marks),
            make('div', { class: 'judge' }, judge, hint, stars));

        const beginning = () => orders.filter(order => order.letters.startsWith(path));
        const whole = () => orders.find(order => order.letters === path);

        /** Why a thread cannot go, or nothing if it can. */
        function hindrance(name) {
            if (beginning().some(order => order.letters[path.length] === name)) return '';
            const stuck = /^([A-Z](?: and [A-Z])*) waits? for ever/.exec(whole()?.end ?? '');
            if (stuck && stuck[1].split(' and ').includes(name)) return 'waits for ever';
            const goesLater = beginning().some(order => order.letters.slice(path.length).includes(name));
            return goesLater ? 'must wait' : 'has ended';
        }

        function run(name) {
            const why = hindrance(name);
            if (why) said.textContent = `${name} cannot go: it ${why}.`;
            else show(path + name);
        }

        function verdict(end) {
            if (end.isBad) return `Broken: ${end.end}. Your order was ${path}.`;
            return `Good: ${end.end}. Another order may end differently.`;
        }

        /**
         * The line where a thread stands. It has done what it did in some order, and in that one it goes on; one that
         * waits for ever stands where it went on from the same step before.
         */
        function lineOf(name) {
            const did = (order, length) => [...order.letters.slice(0, length)]
                .flatMap((letter, index) => (letter === name ? [order.steps[index]] : []));
            const done = path ? did(beginning()[0], path.length) : [];
            const places = orders.flatMap(order => [...order.letters].flatMap((letter, index) =>
                (letter === name ? [{ order, index, before: did(order, index) }] : [])));
            const next = places.find(place => place.before.join() === done.join())
                ?? places.find(place => place.before.at(-1) === done.at(-1));
            return next && program.orders[next.order.letters][next.index][0];
        }

        /** Which line is next, what the shared variables are, and who has which lock. */
        function showProgram() {
            if (!program) return;
            players.forEach(({ name }, index) => {
                const why = hindrance(name);
                const at = why === 'has ended' ? undefined : lineOf(name);
                program.lanes[index].lines.forEach((line, number) => {
                    line.classList.toggle('is-next', number === at);
                    line.classList.toggle('blocked', number === at && Boolean(why));
                    if (number === at) line.setAttribute('aria-current', 'step');
                    else line.removeAttribute('aria-current');
                });
            });
            const record = path && program.orders[beginning()[0].letters];
            const now = path ? record[path.length - 1][1] : program.before;
            const before = path.length > 1 ? record[path.length - 2][1] : program.before;
            shared.replaceChildren(...now.split('; ').filter(words => words).map(words =>
                make('li', { class: before.split('; ').includes(words) ? '' : 'changed' }, words)));
        }

        /** What the next step of a thread does, before it is taken. */
        function nextOf(name) {
            const next = beginning().find(order => order.letters[path.length] === name);
            return next ? next.steps[path.length] : '';
        }

        function help() {
            const leads = bad.filter(order => order.letters.startsWith(path) && !found.has(order.letters) && order.letters !== path);
            if (leads.length) said.textContent = `A bad order that you have not found goes on with ${leads[0].letters[path.length]}.`;
            else if (bad.some(order => !found.has(order.letters))) said.textContent = 'No bad order that you have not found begins so. Take a step back.';
            else said.textContent = bad.length ? 'You have found every bad order.' : 'Try all orders, and judge.';
        }

        /** The second star of a version that can be broken, and the only one of a version that cannot. */
        function decide() {
            const left = bad.filter(order => !found.has(order.letters)).length;
            if (left) {
                said.textContent = 'At least one is left.';
                return;
            }
            said.textContent = bad.length
                ? `Right: ${bad.length} of the ${orders.length} orders ${bad.length === 1 ? 'is' : 'are'} bad.`
                : `Right: all ${orders.length} orders end well.`;
            win(1);
        }

        function win(star) {
            const won = memory.get(told);
            won[star] = true;
            memory.set(told, won);
            showStars();
        }

        function showStars() {
            const won = memory.get(told);
            const all = bad.length ? [won[0], won[1]] : [won[1]];
            stars.textContent = all.map(isWon => (isWon ? '★' : '☆')).join('');
            stars.title = bad.length ? 'one star for a bad order, one for having found them all' : 'a star for the right judgement';
            stars.setAttribute('aria-label', `${all.filter(Boolean).length} of ${all.length} stars: ${stars.title}`);
        }

        function show(to) {
            path = to;
            const possible = beginning();
            const end = whole();
            if (end) found.add(path);
            if (end?.isBad) win(0);
            taken.replaceChildren(...[...path].map((name, index) =>
                make('li', index === path.length - 1 ? { 'aria-current': 'step' } : {}, make('b', {}, name), ` ${possible[0].steps[index]}`)));
            for (const { name, state, element } of players) {
                const why = hindrance(name);
                enable(element, !why);
                state.textContent = why || nextOf(name);
            }
            showProgram();
            enable(undo, path !== '');
            enable(again, path !== '');
            box.classList.toggle('lost', Boolean(end?.isBad));
            box.classList.toggle('survived', Boolean(end && !end.isBad));
            box.dataset.path = path;
            if (end) said.textContent = verdict(end);
            else if (path === '') said.textContent = `Nobody has taken a step. ${orders.length} orders are possible.`;
            else {
                const last = path.length - 1;
                said.textContent = `${path[last]}: ${possible[0].steps[last]}. ` +
                    (possible.length === 1 ? 'One order begins so.' : `${possible.length} of ${orders.length} orders begin so.`);
            }
            const foundBad = bad.filter(order => found.has(order.letters)).length;
            const foundGood = found.size - foundBad;
            tally.textContent = `Found: ${foundBad} bad order${foundBad === 1 ? '' : 's'}, ${foundGood} good.`;
            marks.replaceChildren(...orders.filter(order => found.has(order.letters)).map(order =>
                make('li', { class: order.isBad ? 'bad' : 'good' }, `${order.letters} ${order.isBad ? '✗' : '✓'}`)));
        }

        onKeys(box, key => {
            const player = players.find(({ name }) => name.toLowerCase() === key.toLowerCase());
            if (player) return player.element.click.bind(player.element);
            if (key === 'ArrowLeft' || key === 'Backspace') return () => show(path.slice(0, -1));
            if (key === 'Home') return () => show('');
            // Nowhere to go to the right, and not to the next chapter by mistake.
            return key === 'ArrowRight' ? () => {} : undefined;
        });

        const list = make('details', { class: 'orders' },
            make('summary', {}, `${['The only order', 'Both orders'][orders.length - 1] ?? `All ${orders.length} orders`}, step by step`));
        showStars();
        heading.after(box, list);
        list.append(...orders.flatMap(order => order.elements));
        show('');
        for (const order of orders) stepper(order.table, order.end);
    }

    // The picture of a run --------------------------------------------------------------------------

    // As in src/timeline/svg.rs: about the width of a letter, and the room beside a bar's name.
    const LETTER = 9;
    const MARGIN = 8;
    const NARROWEST_BAR = 1.5;
    // The picture has its places to a hundredth of a unit. Drawn larger still, the rounding would be seen.
    const MOST = 16;

    /** How long the time of a picture is, its unit and how exact it says so: "0.80 s". */
    function scaleOf(axis) {
        const told = /^(\d+(?:\.(\d+))?) (m?s)$/.exec(textOf(axis));
        return told && { length: Number(told[1]), digits: (told[2] ?? '').length, unit: told[3] };
    }

    /**
     * Bars and times move; names of lanes and the size of letters stay. A larger `svg` or a smaller
     * `viewBox` would stretch the letters, or push the names of the lanes out of the picture.
     */
    function zoom(svg) {
        const axis = [...svg.querySelectorAll('.axis')];
        const scale = axis.length > 1 && scaleOf(axis.at(-1));
        // A picture that was not understood stays as it is.
        if (!scale || !scale.length) return;
        const numberOf = (element, name) => Number(element.getAttribute(name));
        const left = numberOf(axis[0], 'x');
        const right = numberOf(axis.at(-1), 'x');
        const name = textOf(svg.querySelector('.title'));
        const original = [...svg.childNodes];
        const shown = { from: 0, part: 1 };

        const nearer = button('Zoom in', 'half the time, twice as wide (key +)', () => grow(2));
        const farther = button('Zoom out', 'twice the time (key -)', () => grow(0.5));
        const earlier = button('Earlier', 'what was before (left arrow)', () => move(-0.25));
        const later = button('Later', 'what comes after (right arrow)', () => move(0.25));
        const whole = button('Whole run', 'all of the time (key 0)', () => show(0, 1));
        const bar = make('div', { class: 'bar', role: 'group', 'aria-label': `Zoom: ${name}` }, nearer, farther, earlier, later, whole);
        const said = announcer();
        const label = `${name}: plus and minus zoom, the left and right arrows move, zero shows the whole run`;
        const frame = make('div', { class: 'picture', role: 'group', tabindex: '0', 'aria-label': label });
        const box = make('div', { class: 'zoom' });
        svg.before(box);
        frame.append(svg);
        box.append(frame, bar, said);

        /** Draws a bar where it is now, cut at the ends of the axis; says whether any of it is seen. */
        function place(span) {
            const [rect, words] = [span.querySelector('rect'), span.querySelector('text')];
            const moved = x => left + ((x - left) / (right - left) - shown.from) / shown.part * (right - left);
            const [x, drawn] = [numberOf(rect, 'x'), numberOf(rect, 'width')];
            const begin = moved(x);
            // The narrowest bars are wider than their time, which is not known here: they do not grow.
            const end = drawn > NARROWEST_BAR ? moved(x + drawn) : begin + NARROWEST_BAR;
            const from = Math.max(begin, left);
            const width = Math.max(Math.min(end, right) - from, NARROWEST_BAR);
            if (end <= left || begin >= right) {
                // Not removed: bars have their colours by turns.
                span.setAttribute('display', 'none');
                return false;
            }
            rect.setAttribute('x', from.toFixed(1));
            rect.setAttribute('width', width.toFixed(1));
            // A sharp end: the bar goes on beyond it.
            if (begin < left || end > right) rect.setAttribute('rx', '0');
            const what = /^(.*): /s.exec(span.querySelector('title').textContent)?.[1] ?? '';
            words.setAttribute('x', (from + 5).toFixed(1));
            words.textContent = width > what.length * LETTER + MARGIN ? what : '';
            return true;
        }

        /** Each drawing begins with the picture as it came, so that no rounding adds up. */
        function draw() {
            if (shown.part === 1) {
                svg.replaceChildren(...original);
                return `The whole run, on an axis of ${textOf(axis.at(-1))}.`;
            }
            svg.replaceChildren(...original.map(node => node.cloneNode(true)));
            const step = scale.length * shown.part / (axis.length - 1);
            const digits = Math.max(scale.digits, Math.ceil(-Math.log10(step)) + 1);
            const time = part => `${(scale.length * part).toFixed(digits)} ${scale.unit}`;
            const ticks = [...svg.querySelectorAll('.axis')];
            ticks.forEach((tick, index) => {
                tick.textContent = time(shown.from + shown.part * index / (ticks.length - 1));
            });
            for (const mark of svg.querySelectorAll('.mark, .join')) {
                const [x, y] = mark.getAttribute('transform').match(/[\d.]+/g).map(Number);
                const to = left + ((x - left) / (right - left) - shown.from) / shown.part * (right - left);
                mark.setAttribute('transform', `translate(${to.toFixed(1)} ${y})`);
                if (to < left || to > right) mark.setAttribute('display', 'none');
            }
            const spans = [...svg.querySelectorAll('.span')];
            const seen = spans.filter(place).length;
            return `${textOf(ticks[0])} to ${textOf(ticks.at(-1))}, of ${textOf(axis.at(-1))}; ${seen} of ${spans.length} bars.`;
        }

        function show(from, part) {
            shown.part = Math.min(1, Math.max(1 / MOST, part));
            shown.from = Math.min(1 - shown.part, Math.max(0, from));
            said.textContent = draw();
            enable(nearer, shown.part > 1 / MOST);
            enable(farther, shown.part < 1);
            enable(earlier, shown.from > 0);
            enable(later, shown.from + shown.part < 1);
            enable(whole, shown.part < 1);
        }

        /** The middle of the bars that are seen, from 0 to 1 along the axis; else that of the axis. */
        function middle() {
            const places = [...svg.querySelectorAll('.span:not([display]) rect')].flatMap(rect =>
                [numberOf(rect, 'x'), numberOf(rect, 'x') + numberOf(rect, 'width')]);
            if (!places.length) return 0.5;
            return ((Math.min(...places) + Math.max(...places)) / 2 - left) / (right - left);
        }

        /** A run may be much shorter than its axis: nearer to its bars, not to the empty part. */
        function grow(factor) {
            const part = Math.min(1, Math.max(1 / MOST, shown.part / factor));
            const at = shown.from + shown.part * (factor > 1 ? middle() : 0.5);
            show(at - part / 2, part);
        }

        const move = step => show(shown.from + shown.part * step, shown.part);

        const keys = {
            '+': () => grow(2),
            // The same key, without Shift, on many keyboards.
            '=': () => grow(2),
            '-': () => grow(0.5),
            '0': () => show(0, 1),
            ArrowLeft: () => move(-0.25),
            ArrowRight: () => move(0.25),
        };
        onKeys(box, key => keys[key]);
        show(0, 1);
        // Paper shows the whole run.
        addEventListener('beforeprint', () => svg.replaceChildren(...original));
        addEventListener('afterprint', draw);
    }

    // -----------------------------------------------------------------------------------------------

    // The page that is made to be printed holds all chapters. Nobody plays on paper.
    const main = document.querySelector('main');
    if (!main || location.pathname.endsWith('/print.html')) return;

    for (const heading of main.querySelectorAll('h3')) game(heading);
    // First the version that can be broken; the mended one when the reader asks for it.
    for (const box of main.querySelectorAll('.game:not(.can-lose)')) {
        const list = box.nextElementSibling;
        const fold = make('details', { class: 'layer' }, make('summary', {}, 'The mended version: try to break this one, too'));
        box.before(fold);
        fold.append(box, list);
    }
    for (const table of main.querySelectorAll('table')) {
        if (isStepTable(table) && !table.closest('.game, .stepper')) stepper(table);
    }
    for (const svg of main.querySelectorAll('svg.timeline')) zoom(svg);

    // On paper a closed list of orders would be missing.
    const opened = new Set();
    addEventListener('beforeprint', () => {
        for (const list of main.querySelectorAll('details.orders:not([open])')) {
            opened.add(list);
            list.open = true;
        }
    });
    addEventListener('afterprint', () => {
        for (const list of opened) list.open = false;
        opened.clear();
    });
})();
