"""The consent page: what an app asks for, why the person is asked, and what they decide."""
