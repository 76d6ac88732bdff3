"""What jit makes on jax and torch: `make test-backends` runs them."""
