# Each command is a small script in scripts/; `make` alone lists them.
.PHONY: help run test fix lock bench prove

help:
	@echo "make run    Porchlight with its demo community, at http://localhost:8000 (PORT=8123 make run)"
	@echo "make test   every check and every test"
	@echo "make fix    format the code"
	@echo "make lock   re-make the hashed requirements*.txt from requirements*.in"
	@echo "make bench  measure a room"
	@echo "make prove  hurt two real servers, at length: nothing acknowledged is lost (SEED=7 make prove)"

run test fix lock bench prove:
	@exec scripts/$@
