# Short names for what one does here. `just` lists them.

_list:
    @just --list --unsorted

# Run the default world with the default recommender.
run *args:
    cargo run --release -- run {{ args }}

# Format, lint and test everything, installing what that needs.
test:
    ./scripts/test

# Measure speed against floors taken in the same run; writes docs/BENCHMARKS.md.
bench:
    ./scripts/bench

# Run every acceptance criterion in full; writes docs/EVIDENCE.md.
evidence:
    ./scripts/evidence

# Accept changed snapshots after reading them one by one.
review:
    cargo insta review

# Open the documentation.
doc:
    cargo doc --workspace --no-deps --open
