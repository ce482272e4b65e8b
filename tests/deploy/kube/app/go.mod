module readiness.test/app

go 1.22
