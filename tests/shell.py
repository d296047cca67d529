"""The variables that tests run with, whatever the caller's shell has."""

import os

SHELL = ("AWS_", "VENUECODE_", "VC_", "SANDBOX_", "MAKE", "MFLAGS", "GNUMAKEFLAGS")
"""Beginnings of the variables for AWS, make or another local cloud, which no test may see."""
TESTING = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
