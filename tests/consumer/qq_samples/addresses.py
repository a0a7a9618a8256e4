"""The addresses at which QQ answers."""

TOKEN = "/oauth2.0/token"
ME = "/oauth2.0/me"
PROFILE_PATH = "/user/get_user_info"
