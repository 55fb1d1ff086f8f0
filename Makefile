# make demo   a sample model in the page        make test   all tests
# make check  lint, types and the quick tests   make wheel  build sdist and wheel
# make lint   ruff, eslint                      make types  mypy, tsc
# make wheel-test   a wheel in fresh environments, a minute and a half
# make bench  how fast opening, tagging and drawing are      make bench-page   how fast the page is

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.installed
# node comes with the Python packages; what checks the page's own code is in package.json.
NPM    := PATH="$(abspath $(BIN)):$$PATH" npm
TOOLS  := node_modules/.package-lock.json

.PHONY: docs drawings demo check test test-js test-slow lint lint-js types types-js protocol-types canvas-styles wheel wheel-test browser redis neighbours display bench bench-hot \
	bench-page bench-reading bench-view bench-tags bench-inheritance bench-audit bench-rewritten bench-matching bench-recovery bench-parity \
	bench-quantised bench-extraction bench-costs bench-profile bench-exports bench-soak fuzz pictures clean

demo: $(READY)
	$(BIN)/hexviz view bert-tiny

# Two processes side by side, a file of tests at a time: a fast machine has two cores. In the order of
# their names, in which long ones (exports, the browser) come first.
PYTEST := $(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder

# After every change: all that needs no browser, no export and no process of its own.
check: lint types test-js
	$(PYTEST) -m 'not browser and not export and not process and not slow and not benchmark' \
		$(addprefix --ignore=tests/,browser exporters sample_models bench app/jobs)

test: $(READY) browser redis neighbours display test-js
	$(PYTEST)

# The page's own code, without a browser.
test-js: $(TOOLS)
	$(NPM) test --silent

# What takes a minute or more by itself.
test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

lint: $(READY) lint-js
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-js: $(TOOLS)
	$(NPM) run --silent lint

types: $(READY) types-js
	$(BIN)/mypy

types-js: $(TOOLS)
	$(NPM) run --silent types

# The browser's types of what browser and server say to each other; a test fails when they are old.
protocol-types: $(READY)
	$(BIN)/python -m tests.assets.protocol_types

# The browser's copy of the canvas's stylesheet; the same.
canvas-styles: $(READY)
	$(BIN)/python -m tests.assets.canvas_styles

wheel: $(READY)
	$(BIN)/python -m build --outdir dist

# A wheel, installed and tried in a fresh environment of each Python from 3.11 to 3.14 that is here.
wheel-test: $(READY)
	$(BIN)/python -m pytest -m wheel tests/wheel

# Playwright's own browser is not reachable everywhere; the system's Chromium serves as well.
browser: $(READY)
	$(BIN)/python tests/browser/install_chromium.py

# For the tests of a team's queue.
redis: $(READY)
	$(BIN)/python tests/app/jobs/install_redis.py

# The documentation as a site, in build/site.
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict  # quiet would be deaf to warnings

# The small graphs of docs/how-tags-work.md.
drawings: $(READY)
	$(BIN)/python -W ignore -m tests.docs.drawings

# The programs that files are converted for, for their tests.
neighbours: $(READY)
	$(BIN)/python tests/convert/install_graphviz.py
	$(BIN)/python tests/convert/install_model_explorer.py

# For the tests of the window: a display, what Qt needs of the system, and a mouse.
display: $(READY)
	$(BIN)/python tests/desktop/install_display.py

# The README's pictures, from the page as it is now.
pictures: $(READY) browser
	mkdir -p build docs/images
	$(BIN)/hexviz export bert-tiny --no-optimize -o build/bert-tiny.onnx
	$(BIN)/python -m tests.browser.pictures build/bert-tiny.onnx docs/images

# Seconds until BERT-tiny is drawn and until an opened module is painted; see docs/performance.md.
bench-page: $(READY) browser
	mkdir -p build
	$(BIN)/hexviz export bert-tiny --no-optimize -o build/bert-tiny.onnx
	$(BIN)/python -m benchmarks.page.bert build/bert-tiny.onnx encoder encoder.layer.0 \
		encoder.layer.0.attention encoder.layer.0.attention.self

# The page by size of model, up to 100,000 ops, beside two other viewers (see the top of
# benchmarks/page/view.py); half an hour. SIZES="250 bert-base" or ARGS="--no-rivals" do less.
bench-view: $(READY) browser
	$(BIN)/python -m benchmarks.page.rivals
	$(BIN)/python -m benchmarks.page.view $(ARGS) $(SIZES)

# How well first pictures read: sizes of labels, shares of the canvas, bends, words on lines, contrast.
bench-reading: $(READY) browser
	mkdir -p build/reading
	for name in $(READ); do test -f build/reading/$$name.onnx || \
		$(BIN)/hexviz export $$name --no-optimize --no-weights -o build/reading/$$name.onnx || exit 1; done
	$(BIN)/python -m benchmarks.page.reading $(foreach name,$(READ),build/reading/$(name).onnx) \
		--json build/reading/figures.json --pictures build/reading

READ := bert-tiny gpt2 sam-vit resnet-50 custom-auxiliary

# Opening, tagging and drawing by size, beside parsing: into build/bench.json, and as a table into
# docs/performance.md. Two hours; ARGS="--sizes 1000,5000,20000" does less, ARGS="--compare FILE" says
# what is worse than in a run that was kept.
bench: $(READY)
	mkdir -p build
	$(BIN)/hexviz bench -o build/bench.json $(ARGS)
	$(BIN)/python -m benchmarks.speed_table build/bench.json docs/performance.md

# The functions that most of that time is spent in, one by one.
bench-hot: $(READY)
	$(BIN)/python -m pytest -m benchmark tests/bench/test_hot.py

# How often an inferred module is the recorded one, on all models of the benchmark; some minutes.
bench-inheritance: $(READY)
	$(BIN)/python -W ignore -m benchmarks inheritance

# What tags rest on, on all models of the benchmark; ARGS="--compare FILE" says what became worse.
bench-tags: $(READY)
	$(BIN)/python -W ignore -m benchmarks tags $(ARGS)

# How many planted mistakes the audit finds, and whom it accuses for nothing.
bench-audit: $(READY)
	$(BIN)/python -W ignore -m benchmarks audit

# How right tags are on what optimisers and converters make of all models of the benchmark.
bench-rewritten: $(READY)
	$(BIN)/python -W ignore -m benchmarks rewritten

# How right transferred tags are on what fifteen tools make of tagged exports, as written and without
# a single name; both exporters against each other; seconds by size. Into docs/matching.md. An hour
# the first time; exports and truths are kept, so a second run takes minutes.
bench-matching: $(READY)
	mkdir -p build
	$(BIN)/python -W ignore -m benchmarks.matching_table build/matching docs/matching.md \
		--json build/matching.json $(ARGS)

# How many of their modules are found in files that name none, exported by all ways and optimised; into
# docs/recovery.md. Half an hour the first time; exports are kept in build/recovery. Another folder as
# SETS="title=folder" is scored as well.
bench-recovery: $(READY)
	mkdir -p build
	$(BIN)/python -W ignore -m benchmarks.recovery make build/recovery
	$(BIN)/python -W ignore -m benchmarks.recovery_table docs/recovery.md \
		"looked at=build/recovery/tuned" "reported only=build/recovery/reported" $(SETS) \
		--json build/recovery.json

# In how many exports with a planted fault parity names its module, and what parity of bert-base takes beside
# one run of each side; an hour the first time. Exports and outcomes are kept in build/parity.
bench-parity: $(READY)
	mkdir -p build/parity
	$(BIN)/python -W ignore -m benchmarks.parity_study build/parity --each 3 --two 3 --json build/parity/outcomes.json $(ARGS)
	$(BIN)/python -W ignore -m benchmarks.parity_cost build/parity

# How well the modules of quantised models are ranked by what each adds, against quantising each of
# them alone; the table of docs/parity.md. Half an hour; continued where it was stopped.
bench-quantised: $(READY)
	mkdir -p build
	$(BIN)/python -W ignore -m benchmarks.quantised_study build/quantised.jsonl $(ARGS)

# Every module of all models of the benchmark cut out in every way, beside two other extractors;
# an hour or two. Then seconds by size, up to 100,000 ops.
bench-extraction: $(READY)
	$(BIN)/python -W ignore -m benchmarks extraction
	$(BIN)/python -m benchmarks.measure_extraction

# Parameters and MACs of twenty models beside PyTorch's own counts, in exports of both exporters, as a
# whole and module by module; ten minutes. Then seconds by size.
bench-costs: $(READY)
	$(BIN)/python -W ignore -m benchmarks costs
	$(BIN)/python -m benchmarks.measure_costs

# What profiles place of the samples' time at every level of optimisation, beside their modules cut
# out and run alone, and what profiling costs; ten minutes, into docs/profiling.md.
bench-profile: $(READY)
	mkdir -p build/profile
	for name in $(PROFILED); do for how in dynamo torchscript; do \
		test -f build/profile/$$name-$$how.onnx || $(BIN)/hexviz export $$name --exporter $$how \
		-o build/profile/$$name-$$how.onnx || exit 1; done; done
	$(BIN)/python -W ignore -m benchmarks.profile build/profile docs/profiling.md \
		--json build/profile.json $(ARGS)

PROFILED := bert-tiny small-transformer residual-cnn custom-auxiliary resnet-50 gpt2 sam-vit

# The model classes of transformers and timm (if it is installed) through both exporters: a minute
# each, continued where it was stopped. ARGS="--minutes 30 --only bert,vit" does less.
bench-exports: $(READY)
	mkdir -p build
	$(BIN)/python -W ignore -m benchmarks.measure_exports build/exports.jsonl $(ARGS)

# Ten thousand spoilt files and all crafted ones, with the figures of docs/hostile.md; an hour.
# ARGS="--cases 1000 --no-crafted --seed 2" does less, and others.
fuzz: $(READY)
	$(BIN)/python -m tests.hostile.run $(ARGS)

# Twenty people at one server for ten minutes: seconds by kind of request, memory, errors.
# ARGS="--minutes 2 --clients 5" does less.
bench-soak: $(READY)
	mkdir -p build
	$(BIN)/python -m benchmarks.soak --json build/soak.json $(ARGS)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[export,hf,team,desktop,notebook,parquet,docs,dev]'
	touch $@

$(TOOLS): package.json package-lock.json .npmrc | $(READY)
	$(NPM) ci --silent
	touch $@

clean:
	rm -rf $(VENV) node_modules dist build .mypy_cache .pytest_cache .ruff_cache
