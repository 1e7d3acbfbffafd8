def pytest_configure(config):
    config.addinivalue_line("markers", "heavy: takes minutes; `make check-all` runs it, `make check` does not")
