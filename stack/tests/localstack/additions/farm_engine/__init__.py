"""What LocalStack lacks for the farm's template. See the README beside `additions/`."""
